package io.moe4j.kernels.swiglu;

import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** bfloat16: the upper half of an fp32 number. Widening is exact; rounding is to nearest, ties to even; NaN stays NaN. */
final class ScalarBf16 {
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class,
            VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    private static final int QUIET_NAN = 0x7FC0;

    private ScalarBf16() {}

    static FloatVector load(MemorySegment memory, long address) {
        ShortVector halves = ShortVector.fromMemorySegment(SHORTS, memory, address, ByteOrder.nativeOrder());
        IntVector bits = (IntVector) halves.convertShape(ZERO_EXTEND_S2I, INTS, 0);
        return bits.lanewise(LSHL, 16).reinterpretAsFloats();
    }

    static void store(MemorySegment memory, long address, FloatVector values) {
        IntVector bits = values.reinterpretAsInts();
        IntVector rounded = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7FFF).lanewise(LSHR, 16);
        VectorMask<Integer> nan = values.compare(NE, values).cast(INTS);
        rounded = rounded.blend(QUIET_NAN, nan);
        ShortVector halves = (ShortVector) rounded.convertShape(I2S, SHORTS, 0);
        halves.intoMemorySegment(memory, address, ByteOrder.nativeOrder());
    }

    static float load1(MemorySegment memory, long address) {
        return Float.intBitsToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, address) << 16);
    }

    static void store1(MemorySegment memory, long address, float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = Float.isNaN(value) ? QUIET_NAN : (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16;
        memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, (short) rounded);
    }

    /** Copies a BF16 matrix into an F32 one. */
    static void widen(MemorySegment memory, Matrix source, int rows, int columns, Matrix destination) {
        for (int row = 0; row < rows; row++) {
            long from = source.at(row, 0).address();
            long to = destination.at(row, 0).address();
            int column = 0;
            for (; column <= columns - FLOATS.length(); column += FLOATS.length()) {
                load(memory, from + 2L * column).intoMemorySegment(memory, to + 4L * column, ByteOrder.nativeOrder());
            }
            for (; column < columns; column++) {
                memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, to + 4L * column, load1(memory, from + 2L * column));
            }
        }
    }

    /** Rounds an F32 matrix into a BF16 one. */
    static void round(MemorySegment memory, Matrix source, int rows, int columns, Matrix destination) {
        for (int row = 0; row < rows; row++) {
            long from = source.at(row, 0).address();
            long to = destination.at(row, 0).address();
            int column = 0;
            for (; column <= columns - FLOATS.length(); column += FLOATS.length()) {
                store(memory, to + 2L * column,
                        FloatVector.fromMemorySegment(FLOATS, memory, from + 4L * column, ByteOrder.nativeOrder()));
            }
            for (; column < columns; column++) {
                store1(memory, to + 2L * column, memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from + 4L * column));
            }
        }
    }
}
