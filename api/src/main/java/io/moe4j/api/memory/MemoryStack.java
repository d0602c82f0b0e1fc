package io.moe4j.api.memory;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A rank's planned memory: one block, used as a stack from both ends. Temporaries grow from the low end and go back when their {@link Scope} closes;
 * tensors that outlive the scope in which they are made ({@link #keep}) grow from the high end and go back when the scope of the step
 * ({@link #openStep()}) or of the microbatch ({@link #openMicrobatch()}) closes. The same calls give the same addresses in every step, so that a
 * captured step can be replayed. Not thread-safe: a stack belongs to one rank.
 *
 * <p><b>Lanes.</b> A schedule that keeps several microbatches alive does not give their memory back in the reverse order of allocation, so a stack
 * alone is not enough. Each such microbatch has a {@link MemoryLane}: a block of its own. While a lane is entered, kept tensors, and tensors that are
 * allocated outside any inner scope, lie in the lane and stay there when the lane is left. Tensors that are allocated in an inner scope lie in the
 * stack, as always.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MemoryStack {
    /** Alignment of every allocation, in bytes. */
    public static final long ALIGNMENT = 256;

    /**
     * The least multiple of {@link #ALIGNMENT} that is not below {@code bytes}: 300 gives 512.
     *
     * @since 0.3.0
     */
    public static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    private final TwoEndedBlock stack;
    private final List<TwoEndedBlock> lanes;
    private final List<TwoEndedBlock> freeLanes;
    private final Map<String, Long> peakByPurpose = new TreeMap<>();
    private long peak;
    private int openScopes;
    private @Nullable TwoEndedBlock lane;
    /** Scopes that were open when the lane was entered, its own included. */
    private int laneDepth;

    /**
     * A stack over {@code memory}, without lanes.
     *
     * @param onFree receives each region that is given back, as a tensor of I32; a strict device fills it with a NaN pattern
     */
    public MemoryStack(Memory memory, Consumer<Tensor> onFree) {
        this(memory, List.of(), StackWatcher.onRelease(onFree));
    }

    /**
     * A stack over {@code memory}, without lanes, that reports allocations and releases to {@code watcher}.
     *
     * @since 0.2.0
     */
    public MemoryStack(Memory memory, StackWatcher watcher) {
        this(memory, List.of(), watcher);
    }

    /**
     * A stack over {@code memory}, and a lane over each of {@code lanes}, that reports allocations and releases to {@code watcher}.
     *
     * @since 0.2.0
     */
    public MemoryStack(Memory memory, List<Memory> lanes, StackWatcher watcher) {
        if (watcher.guardBytes() < 0 || watcher.guardBytes() % ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "a guard of " + watcher.guardBytes() + " bytes; it must be a multiple of " + ALIGNMENT);
        }
        this.stack = new TwoEndedBlock(memory, watcher);
        this.lanes = lanes.stream().map(lane -> new TwoEndedBlock(lane, watcher)).toList();
        this.freeLanes = new ArrayList<>(this.lanes);
    }

    /** Opens the scope of a whole step; nothing else may be open. Closing it also gives back the kept tensors. */
    public Scope openStep() {
        if (openScopes != 0) {
            throw new IllegalStateException(
                    "a step was opened while " + openScopes + " scopes are open; close them first");
        }
        return new StackScope(true);
    }

    /**
     * Opens the scope of a microbatch, inside that of its step. Closing it also gives back the tensors that were kept in it.
     *
     * @since 0.2.0
     */
    public Scope openMicrobatch() {
        requireStepOnly("a microbatch was opened");
        return new StackScope(true);
    }

    /** Opens a scope; scopes close in reverse order. */
    public Scope open() {
        return new StackScope(false);
    }

    /**
     * Takes a lane for one of several microbatches that are alive at the same time. Close it when the microbatch's backward is done; lanes may close in any
     * order.
     *
     * @throws IllegalStateException if all lanes are taken: the schedule keeps more microbatches alive than it was planned for
     * @since 0.2.0
     */
    public MemoryLane openLane() {
        if (freeLanes.isEmpty()) {
            throw new IllegalStateException("all " + lanes.size()
                    + " lanes are taken; close one first, or plan for a schedule that keeps more microbatches alive");
        }
        return new OpenLane(freeLanes.removeFirst());
    }

    /**
     * A temporary of the innermost open scope. Its content is undefined.
     *
     * @param purpose a line of the memory report, such as {@code "activations"}
     * @throws IllegalStateException if no scope is open, or the planned memory is exhausted (a bug of the plan: the message has the figures)
     */
    public Tensor allocate(String purpose, DType dtype, long... shape) {
        TwoEndedBlock block = lane != null && openScopes == laneDepth ? lane : stack;
        return recorded(requireScope(block, purpose).low(purpose, dtype, shape));
    }

    /** A tensor that lives until the scope of its step or microbatch closes, even if an inner scope is open now. Its content is undefined. */
    public Tensor keep(String purpose, DType dtype, long... shape) {
        return recorded(requireScope(lane != null ? lane : stack, purpose).high(purpose, dtype, shape));
    }

    /** The highest number of bytes of the stack in use at one time, lanes not counted. */
    public long peakBytes() {
        return stack.peakBytes();
    }

    /**
     * The highest number of bytes that any lane had in use.
     *
     * @since 0.2.0
     */
    public long peakLaneBytes() {
        return lanes.stream().mapToLong(TwoEndedBlock::peakBytes).max().orElse(0);
    }

    /** The bytes that each purpose held when stack and lanes together were at their peak. */
    public Map<String, Long> peakByPurpose() {
        return Map.copyOf(peakByPurpose);
    }

    /** Total bytes of the stack, used or not. */
    public long capacityBytes() {
        return stack.memory().bytes();
    }

    private TwoEndedBlock requireScope(TwoEndedBlock block, String purpose) {
        if (openScopes == 0) {
            throw new IllegalStateException(
                    "\"" + purpose + "\" was allocated outside any scope; open one (try-with-resources)");
        }
        return block;
    }

    private Tensor recorded(Tensor tensor) {
        long used = stack.usedBytes() + lanes.stream().mapToLong(TwoEndedBlock::usedBytes).sum();
        if (used > peak) {
            peak = used;
            peakByPurpose.clear();
            stack.addHoldings(peakByPurpose);
            lanes.forEach(each -> each.addHoldings(peakByPurpose));
        }
        return tensor;
    }

    private void requireStepOnly(String what) {
        if (openScopes != 1 || lane != null) {
            throw new IllegalStateException(what + " while " + openScopes
                    + " scopes are open; only the step's may be, and no lane may be entered");
        }
    }

    private final class StackScope implements Scope {
        private final TwoEndedBlock.Mark mark = stack.mark();
        private final int depth = ++openScopes;
        private final boolean givesBackKept;
        private boolean closed;

        StackScope(boolean givesBackKept) {
            this.givesBackKept = givesBackKept;
        }

        @Override
        public void close() {
            if (closed) {
                return;
            }
            requireInnermost(depth);
            closed = true;
            openScopes--;
            stack.releaseLow(mark);
            if (givesBackKept) {
                stack.releaseHigh(mark);
            }
        }
    }

    private void requireInnermost(int depth) {
        if (depth != openScopes) {
            throw new IllegalStateException("scope " + depth + " was closed while scope " + openScopes
                    + " is still open; close scopes in reverse order");
        }
    }

    private final class OpenLane implements MemoryLane {
        private final TwoEndedBlock block;
        private final TwoEndedBlock.Mark empty;
        private boolean closed;

        OpenLane(TwoEndedBlock block) {
            this.block = block;
            this.empty = block.mark();
        }

        @Override
        public Scope enter() {
            if (closed) {
                throw new IllegalStateException("a lane was entered after it was closed; open another one");
            }
            requireStepOnly("a lane was entered");
            lane = block;
            laneDepth = ++openScopes;
            return new Scope() {
                private boolean left;

                @Override
                public void close() {
                    if (!left) {
                        requireInnermost(laneDepth);
                        left = true;
                        openScopes--;
                        lane = null;
                    }
                }
            };
        }

        @Override
        public void close() {
            if (closed) {
                return;
            }
            if (block.equals(lane)) {
                throw new IllegalStateException("a lane was closed while it is entered; leave it first");
            }
            closed = true;
            block.releaseLow(empty);
            block.releaseHigh(empty);
            freeLanes.addFirst(block);
        }
    }
}
