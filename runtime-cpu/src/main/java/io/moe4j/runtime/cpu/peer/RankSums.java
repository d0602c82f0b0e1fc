package io.moe4j.runtime.cpu.peer;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.WorkPool;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sums of contiguous elements over ranks: in fp32, in rank order, rounded once. The sum may overwrite an operand. */
final class RankSums {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final MemorySegment ALL = Addresses.ALL;
    private static final long GRAIN = 1 << 14;

    private final WorkPool pool;

    RankSums(WorkPool pool) {
        this.pool = pool;
    }

    /** {@code to[i] = Σ_p from[p][i]} for {@code count} elements. */
    void sum(DType fromType, long[] from, DType toType, long to, long count) {
        pool.parallelFor(count, GRAIN, (first, end) -> {
            switch (fromType) {
                case I32 -> ints(from, to, first, end);
                case I64 -> longs(from, to, first, end);
                case F32 -> {
                    if (toType.isSinglePrecision()) {
                        singles(from, to, first, end);
                    } else {
                        mixed(fromType, from, toType, to, first, end);
                    }
                }
                case BF16 -> mixed(fromType, from, toType, to, first, end);
                case F8_E4M3 -> throw notSummed(fromType);
            }
        });
    }

    private static void singles(long[] from, long to, long first, long end) {
        long i = first;
        for (; i <= end - F.length(); i += F.length()) {
            FloatVector sum = FloatVector.fromMemorySegment(F, ALL, from[0] + 4 * i, ORDER);
            for (int p = 1; p < from.length; p++) {
                sum = sum.add(FloatVector.fromMemorySegment(F, ALL, from[p] + 4 * i, ORDER));
            }
            sum.intoMemorySegment(ALL, to + 4 * i, ORDER);
        }
        mixed(DType.F32, from, DType.F32, to, i, end);
    }

    private static void mixed(DType fromType, long[] from, DType toType, long to, long first, long end) {
        for (long i = first; i < end; i++) {
            float sum = get(fromType, from[0], i);
            for (int p = 1; p < from.length; p++) {
                sum += get(fromType, from[p], i);
            }
            switch (toType) {
                case F32 -> ALL.set(JAVA_INT_UNALIGNED, to + 4 * i, Float.floatToRawIntBits(sum));
                case BF16 -> ALL.set(JAVA_SHORT_UNALIGNED, to + 2 * i, BFloat16.round(sum));
                case I32, I64, F8_E4M3 -> throw notSummed(toType);
            }
        }
    }

    private static float get(DType type, long address, long index) {
        return switch (type) {
            case F32 -> Float.intBitsToFloat(ALL.get(JAVA_INT_UNALIGNED, address + 4 * index));
            case BF16 -> BFloat16.widen(ALL.get(JAVA_SHORT_UNALIGNED, address + 2 * index));
            case I32, I64, F8_E4M3 -> throw notSummed(type);
        };
    }

    private static IllegalArgumentException notSummed(DType type) {
        return new IllegalArgumentException("a sum from F32 or BF16 to " + type
                + " or back; give tensors of one kind, and sum what has scales after it was dequantized");
    }

    private static void ints(long[] from, long to, long first, long end) {
        for (long i = first; i < end; i++) {
            int sum = 0;
            for (long address : from) {
                sum += ALL.get(JAVA_INT_UNALIGNED, address + 4 * i);
            }
            ALL.set(JAVA_INT_UNALIGNED, to + 4 * i, sum);
        }
    }

    private static void longs(long[] from, long to, long first, long end) {
        for (long i = first; i < end; i++) {
            long sum = 0;
            for (long address : from) {
                sum += ALL.get(JAVA_LONG_UNALIGNED, address + 8 * i);
            }
            ALL.set(JAVA_LONG_UNALIGNED, to + 8 * i, sum);
        }
    }
}
