package io.moe4j.runtime.cpu.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Loads, stores and sums of fp32 elements at raw addresses. Indices count elements, not bytes. */
final class Lanes {
    /** All of memory, as one segment: an offset in it is an address. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final int COUNT = F.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {}

    static FloatVector load(long base, long index) {
        return FloatVector.fromMemorySegment(F, ALL, base + 4 * index, ORDER);
    }

    static FloatVector load(long base, long index, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(F, ALL, base + 4 * index, ORDER, mask);
    }

    static void store(FloatVector value, long base, long index) {
        value.intoMemorySegment(ALL, base + 4 * index, ORDER);
    }

    static void store(FloatVector value, long base, long index, VectorMask<Float> mask) {
        value.intoMemorySegment(ALL, base + 4 * index, ORDER, mask);
    }

    /** A mask of the first {@code count} lanes, where {@code count} is less than all. */
    static VectorMask<Float> first(long count) {
        return F.indexInRange(0, count);
    }

    /** The least multiple of the lanes that is at least {@code count}. */
    static long whole(long count) {
        return Math.ceilDiv(count, (long) COUNT) * COUNT;
    }

    static FloatVector all(float value) {
        return FloatVector.broadcast(F, value);
    }

    /**
     * The sum of the lanes, always in the same order. {@code reduceLanes} does not fix its order: compiled code adds in another order than
     * interpreted code.
     *
     * @param scratch as many elements as there are lanes
     */
    static float sum(FloatVector value, float[] scratch) {
        value.intoArray(scratch, 0);
        for (int half = COUNT / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                scratch[i] += scratch[i + half];
            }
        }
        return scratch[0];
    }

    /** The largest lane; NaN if any lane is NaN. */
    static float max(FloatVector value) {
        return value.reduceLanes(VectorOperators.MAX);
    }

    static float get(long base, long index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, base + 4 * index);
    }

    static void set(long base, long index, float value) {
        ALL.set(JAVA_FLOAT_UNALIGNED, base + 4 * index, value);
    }

    static int getInt(long base, long index) {
        return ALL.get(JAVA_INT_UNALIGNED, base + 4 * index);
    }

    static void setInt(long base, long index, int value) {
        ALL.set(JAVA_INT_UNALIGNED, base + 4 * index, value);
    }

    static short getShort(long base, long index) {
        return ALL.get(JAVA_SHORT_UNALIGNED, base + 2 * index);
    }

    static void setShort(long base, long index, short value) {
        ALL.set(JAVA_SHORT_UNALIGNED, base + 2 * index, value);
    }
}
