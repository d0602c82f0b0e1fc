package io.moe4j.api.memory;

import io.moe4j.api.device.Memory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;

/** A block of memory with two ends that grow towards each other. It counts the bytes that each purpose holds. */
final class TwoEndedBlock {
    private final Memory memory;
    private final StackWatcher watcher;
    private final Map<String, Long> lowHeld = new TreeMap<>();
    private final Map<String, Long> highHeld = new TreeMap<>();
    private long low;
    private long high;
    private long peak;

    /** How far both ends had grown at some moment. */
    record Mark(long low, long high, Map<String, Long> lowHeld, Map<String, Long> highHeld) {}

    TwoEndedBlock(Memory memory, StackWatcher watcher) {
        this.watcher = watcher;
        this.memory = memory;
        this.high = memory.bytes() / MemoryStack.ALIGNMENT * MemoryStack.ALIGNMENT;
    }

    Memory memory() {
        return memory;
    }

    Tensor low(String purpose, DType dtype, long... shape) {
        long size = reserve(lowHeld, purpose, dtype, shape);
        Tensor tensor = Tensor.of(memory, low, dtype, shape);
        tell(purpose, tensor, low, size, false);
        low += size;
        return tensor;
    }

    Tensor high(String purpose, DType dtype, long... shape) {
        long size = reserve(highHeld, purpose, dtype, shape);
        high -= size;
        Tensor tensor = Tensor.of(memory, high, dtype, shape);
        tell(purpose, tensor, high, size, true);
        return tensor;
    }

    Mark mark() {
        return new Mark(low, high, Map.copyOf(lowHeld), Map.copyOf(highHeld));
    }

    void releaseLow(Mark mark) {
        release(mark.low(), low);
        low = mark.low();
        restore(lowHeld, mark.lowHeld());
    }

    void releaseHigh(Mark mark) {
        release(high, mark.high());
        high = mark.high();
        restore(highHeld, mark.highHeld());
    }

    long usedBytes() {
        return low + memory.bytes() - high;
    }

    long peakBytes() {
        return peak;
    }

    void addHoldings(Map<String, Long> into) {
        lowHeld.forEach((purpose, bytes) -> into.merge(purpose, bytes, Long::sum));
        highHeld.forEach((purpose, bytes) -> into.merge(purpose, bytes, Long::sum));
    }

    private long reserve(Map<String, Long> held, String purpose, DType dtype, long... shape) {
        long bytes = Tensor.bytes(dtype, shape);
        long size = (bytes + MemoryStack.ALIGNMENT - 1) / MemoryStack.ALIGNMENT * MemoryStack.ALIGNMENT
                + watcher.guardBytes();
        if (size > high - low) {
            Map<String, Long> holdings = new TreeMap<>();
            addHoldings(holdings);
            throw new IllegalStateException(
                    "planned memory is exhausted: \"" + purpose + "\" wants " + size + " bytes, " + (high - low)
                            + " of " + memory.bytes() + " are free, held: " + holdings
                            + ". The plan was made for a smaller step; plan again");
        }
        held.merge(purpose, size, Long::sum);
        peak = Math.max(peak, usedBytes() + size);
        return size;
    }

    private void tell(String purpose, Tensor tensor, long offset, long size, boolean keeps) {
        long rest = (size - tensor.bytes()) / DType.BF16.bytes();
        watcher.taken(new StackWatcher.Taken(purpose, tensor,
                Tensor.of(memory, offset + tensor.bytes(), DType.BF16, rest), keeps));
    }

    private void release(long from, long to) {
        if (to > from) {
            watcher.released(Tensor.of(memory, from, DType.I32, (to - from) / DType.I32.bytes()));
        }
    }

    private static void restore(Map<String, Long> held, Map<String, Long> before) {
        held.clear();
        held.putAll(before);
    }
}
