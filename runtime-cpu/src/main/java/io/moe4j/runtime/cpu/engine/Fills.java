package io.moe4j.runtime.cpu.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Fills memory with one value. */
final class Fills {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

    private Fills() {}

    /** Fills {@code count} bytes. */
    static void bytes(long address, byte value, long count) {
        Addresses.ALL.asSlice(address, count).fill(value);
    }

    /** Fills {@code count} 16-bit words. */
    static void halves(long address, short value, long count) {
        int both = value << 16 | (value & 0xFFFF);
        words(address, both, count / 2);
        if (count % 2 == 1) {
            Addresses.ALL.set(JAVA_SHORT_UNALIGNED, address + 2 * (count - 1), value);
        }
    }

    /** Fills {@code count} 32-bit words. */
    static void words(long address, int value, long count) {
        IntVector values = IntVector.broadcast(I, value);
        long i = 0;
        for (; i <= count - I.length(); i += I.length()) {
            values.intoMemorySegment(Addresses.ALL, address + 4 * i, ByteOrder.nativeOrder());
        }
        for (; i < count; i++) {
            Addresses.ALL.set(JAVA_INT_UNALIGNED, address + 4 * i, value);
        }
    }

    /** Fills {@code count} 64-bit words. */
    static void doubleWords(long address, long value, long count) {
        for (long i = 0; i < count; i++) {
            Addresses.ALL.set(JAVA_LONG_UNALIGNED, address + 8 * i, value);
        }
    }
}
