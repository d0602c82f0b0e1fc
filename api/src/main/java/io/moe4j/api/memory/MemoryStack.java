package io.moe4j.api.memory;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A rank's planned memory: one block, used as a stack from both ends. Temporaries grow from the low end and go back when their
 * {@link Scope} closes; what must outlive the scope it is made in ({@link #keep}) grows from the high end and goes back when the
 * step's {@link #openStep()} closes. The same calls give the same addresses in every step, which makes capture safe.
 * Not thread-safe: it belongs to one rank.
 */
@Stability(Stability.Level.EVOLVING)
public final class MemoryStack {
    /** Alignment of every allocation, in bytes. */
    public static final long ALIGNMENT = 256;

    private final Memory memory;
    private final StackWatcher watcher;
    private final Map<String, Long> temporary = new TreeMap<>();
    private final Map<String, Long> kept = new TreeMap<>();
    private final Map<String, Long> peakByPurpose = new TreeMap<>();
    private long low;
    private long high;
    private long peak;
    private int openScopes;

    /**
     * A stack over {@code memory}.
     *
     * @param onFree is shown each region that goes back, as a tensor of I32; a strict device fills it with a NaN pattern
     */
    public MemoryStack(Memory memory, Consumer<Tensor> onFree) {
        this(memory, new OnFree(onFree));
    }

    /** A stack over {@code memory} that tells {@code watcher} what it hands out and takes back. Since 0.2.0. */
    public MemoryStack(Memory memory, StackWatcher watcher) {
        if (watcher.guardBytes() < 0 || watcher.guardBytes() % ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "a guard of " + watcher.guardBytes() + " bytes; it must be a multiple of " + ALIGNMENT);
        }
        this.memory = memory;
        this.watcher = watcher;
        this.high = memory.bytes() / ALIGNMENT * ALIGNMENT;
    }

    /** Opens the scope of a whole step; nothing else may be open. Closing it gives back the kept tensors too. */
    public Scope openStep() {
        if (openScopes != 0) {
            throw new IllegalStateException(
                    "a step was opened while " + openScopes + " scopes are open; close them first");
        }
        return new StackScope(true);
    }

    /** Opens a scope; scopes close in reverse order. */
    public Scope open() {
        return new StackScope(false);
    }

    /**
     * A temporary of the innermost open scope. Its content is undefined.
     *
     * @param purpose a line of the memory report, such as {@code "activations"}
     * @throws IllegalStateException if no scope is open, or the planned memory is exhausted (a bug of the plan: the message has the figures)
     */
    public Tensor allocate(String purpose, DType dtype, long... shape) {
        long size = reserve(temporary, purpose, dtype, shape);
        Tensor tensor = Tensor.of(memory, low, dtype, shape);
        tell(purpose, tensor, low, size, false);
        low += size;
        return tensor;
    }

    /** A tensor that lives until the step's scope closes, whatever scope is open now. Its content is undefined. */
    public Tensor keep(String purpose, DType dtype, long... shape) {
        long size = reserve(kept, purpose, dtype, shape);
        high -= size;
        Tensor tensor = Tensor.of(memory, high, dtype, shape);
        tell(purpose, tensor, high, size, true);
        return tensor;
    }

    private void tell(String purpose, Tensor tensor, long offset, long size, boolean keeps) {
        long rest = (size - tensor.bytes()) / DType.BF16.bytes();
        watcher.taken(new StackWatcher.Taken(purpose, tensor,
                Tensor.of(memory, offset + tensor.bytes(), DType.BF16, rest), keeps));
    }

    /** The most bytes that were in use at once. */
    public long peakBytes() {
        return peak;
    }

    /** For each purpose the bytes it held when the whole stack was at its peak. */
    public Map<String, Long> peakByPurpose() {
        return Map.copyOf(peakByPurpose);
    }

    /** Bytes it has. */
    public long capacityBytes() {
        return memory.bytes();
    }

    private long reserve(Map<String, Long> held, String purpose, DType dtype, long... shape) {
        if (openScopes == 0) {
            throw new IllegalStateException(
                    "\"" + purpose + "\" was allocated outside any scope; open one (try-with-resources)");
        }
        long size = aligned(Tensor.bytes(dtype, shape)) + watcher.guardBytes();
        if (size > high - low) {
            throw new IllegalStateException(
                    "planned memory is exhausted: \"" + purpose + "\" wants " + size + " bytes, " + (high - low)
                            + " of " + memory.bytes() + " are free, held: " + holdings()
                            + ". The plan was made for a smaller step; plan again");
        }
        held.merge(purpose, size, Long::sum);
        long used = low + size + (memory.bytes() - high);
        if (used > peak) {
            peak = used;
            peakByPurpose.clear();
            peakByPurpose.putAll(holdings());
        }
        return size;
    }

    private Map<String, Long> holdings() {
        Map<String, Long> all = new TreeMap<>(temporary);
        kept.forEach((purpose, bytes) -> all.merge(purpose, bytes, Long::sum));
        return all;
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private final class StackScope implements Scope {
        private final long lowMark = low;
        private final long highMark = high;
        private final int depth = ++openScopes;
        private final boolean step;
        private final Map<String, Long> temporaryBefore = Map.copyOf(temporary);
        private boolean closed;

        StackScope(boolean step) {
            this.step = step;
        }

        @Override
        public void close() {
            if (closed) {
                return;
            }
            if (depth != openScopes) {
                throw new IllegalStateException("scope " + depth + " was closed while scope " + openScopes
                        + " is still open; close scopes in reverse order");
            }
            closed = true;
            openScopes--;
            release(lowMark, low);
            low = lowMark;
            temporary.clear();
            temporary.putAll(temporaryBefore);
            if (step) {
                release(high, highMark);
                high = highMark;
                kept.clear();
            }
        }

        private void release(long from, long to) {
            if (to > from) {
                watcher.released(Tensor.of(memory, from, DType.I32, (to - from) / DType.I32.bytes()));
            }
        }
    }

    /** Is told of what goes back, and of nothing else. */
    private record OnFree(Consumer<Tensor> action) implements StackWatcher {
        @Override
        public long guardBytes() {
            return 0;
        }

        @Override
        public void taken(Taken taken) {
            // not of interest
        }

        @Override
        public void released(Tensor region) {
            action.accept(region);
        }
    }
}
