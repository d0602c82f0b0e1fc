package io.moe4j.runtime.cpu.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.runtime.cpu.engine.Addresses;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The sum that {@link ElementwiseOps#digest} defines. */
final class Digest {
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L;
    private static final ValueLayout.OfLong WORD = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Digest() {}

    /** The sum over the words {@code from} (inclusive) to {@code to} (exclusive) of the {@code bytes} bytes at {@code address}. */
    static long ofWords(long address, long bytes, long from, long to) {
        long whole = Math.min(to, bytes / Long.BYTES);
        long sum = 0;
        long position = from * STEP;
        for (long i = from; i < whole; i++) {
            position += STEP;
            sum += ElementwiseOps.mix(Addresses.ALL.get(WORD, address + i * Long.BYTES) ^ position);
        }
        return whole == to ? sum : sum + ElementwiseOps.mix(lastWord(address, bytes) ^ to * STEP);
    }

    /** The bytes after the last whole word, filled up with zeros. */
    private static long lastWord(long address, long bytes) {
        long word = 0;
        for (long at = bytes / Long.BYTES * Long.BYTES, shift = 0; at < bytes; at++, shift += Byte.SIZE) {
            word |= (Addresses.ALL.get(JAVA_BYTE, address + at) & 0xFFL) << shift;
        }
        return word;
    }
}
