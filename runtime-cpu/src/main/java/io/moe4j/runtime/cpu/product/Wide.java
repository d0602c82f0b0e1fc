package io.moe4j.runtime.cpu.product;

import io.moe4j.runtime.cpu.engine.Addresses;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of 16 fp32 elements, loaded from addresses and stored to them. */
final class Wide {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_512;
    /** Elements of a vector. */
    static final int LANES = 16;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Wide() {}

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, Addresses.ALL, address, ORDER);
    }

    /** Loads a vector. Lanes that are not in the mask are 0; their memory is not read. */
    static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(SPECIES, Addresses.ALL, address, ORDER, mask);
    }

    static void store(FloatVector value, long address) {
        value.intoMemorySegment(Addresses.ALL, address, ORDER);
    }

    static void store(FloatVector value, long address, VectorMask<Float> mask) {
        value.intoMemorySegment(Addresses.ALL, address, ORDER, mask);
    }

    /** A mask of the first {@code count} lanes: none for 0 or less, all for 16 or more. */
    static VectorMask<Float> first(int count) {
        return SPECIES.indexInRange(0, Math.max(0, count));
    }

    /** Address of element {@code index} of an array of fp32 elements that begins at {@code base}. */
    static long at(long base, long index) {
        return base + Float.BYTES * index;
    }
}
