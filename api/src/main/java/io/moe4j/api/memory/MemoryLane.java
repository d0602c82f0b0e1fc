package io.moe4j.api.memory;

import io.moe4j.api.Stability;

/**
 * The memory of one of several microbatches that are alive at the same time; see {@link MemoryStack}. For example, with two lanes:
 *
 * <pre>{@code
 * MemoryLane first = memory.openLane();
 * try (Scope inside = first.enter()) {
 *     // forward of microbatch 0
 * }
 * MemoryLane second = memory.openLane();
 * try (Scope inside = second.enter()) {
 *     // forward of microbatch 1
 * }
 * try (Scope inside = first.enter()) {
 *     // backward of microbatch 0
 * }
 * first.close();    // its memory is free for microbatch 2, while microbatch 1 is alive
 * }</pre>
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface MemoryLane extends AutoCloseable {

    /** From now until the scope closes, memory is taken from this lane. Only the step's scope may be open. */
    Scope enter();

    /** Gives back all memory of the lane. The scope of {@link #enter()} must be closed first. Closing twice is harmless. */
    @Override
    void close();
}
