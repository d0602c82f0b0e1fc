package io.moe4j.api.memory;

import io.moe4j.api.Stability;

/**
 * The lifetime of a step's temporaries; see {@link MemoryStack}. Closing twice is harmless.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public interface Scope extends AutoCloseable {

    @Override
    void close();
}
