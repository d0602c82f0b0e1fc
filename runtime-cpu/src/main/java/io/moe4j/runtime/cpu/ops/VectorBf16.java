package io.moe4j.runtime.cpu.ops;

import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import io.moe4j.api.tensor.BFloat16;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Converts rows of bfloat16 as {@link BFloat16} does, several elements at a time. */
final class VectorBf16 {
    private static final VectorSpecies<Integer> INTS = Lanes.F.withLanes(int.class);
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class,
            VectorShape.forBitSize(Lanes.F.vectorBitSize() / 2));
    private static final int QUIET = 0x40;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private VectorBf16() {}

    /** Widens {@code count} adjacent BF16 elements at {@code source} to fp32 at {@code destination}. */
    static void widen(long source, long destination, long count) {
        long i = 0;
        for (; i <= count - Lanes.COUNT; i += Lanes.COUNT) {
            ShortVector halves = ShortVector.fromMemorySegment(SHORTS, Lanes.ALL, source + 2 * i, ORDER);
            IntVector bits = (IntVector) halves.convertShape(ZERO_EXTEND_S2I, INTS, 0);
            Lanes.store(bits.lanewise(LSHL, 16).reinterpretAsFloats(), destination, i);
        }
        for (; i < count; i++) {
            Lanes.set(destination, i, BFloat16.widen(Lanes.getShort(source, i)));
        }
    }

    /** Rounds {@code count} adjacent fp32 elements at {@code source} to BF16 at {@code destination}. */
    static void round(long source, long destination, long count) {
        long i = 0;
        for (; i <= count - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector values = Lanes.load(source, i);
            IntVector bits = values.reinterpretAsInts();
            IntVector upper = bits.lanewise(LSHR, 16);
            IntVector rounded = bits.add(upper.and(1)).add(0x7FFF).lanewise(LSHR, 16)
                    .blend(upper.or(QUIET), values.compare(NE, values).cast(INTS));
            ((ShortVector) rounded.convertShape(I2S, SHORTS, 0)).intoMemorySegment(Lanes.ALL, destination + 2 * i,
                    ORDER);
        }
        for (; i < count; i++) {
            Lanes.setShort(destination, i, BFloat16.round(Lanes.get(source, i)));
        }
    }
}
