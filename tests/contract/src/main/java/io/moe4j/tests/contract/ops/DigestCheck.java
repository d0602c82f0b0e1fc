package io.moe4j.tests.contract.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/** Digests of bytes, which must equal the definition exactly. */
final class DigestCheck {
    private static final long SEED = 4711;

    private final RankContext rank;

    DigestCheck(RankContext rank) {
        this.rank = rank;
    }

    /** Checks elements of every width, whole words and partial ones, aligned and shifted, and that a changed bit changes the digest. */
    void run() {
        assertEquals(ElementwiseOps.mix(0x9E37_79BB_7F4A_7C14L),
                of(DType.I32, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(1).putInt(2).array(), 0));
        Random random = new Random(SEED);
        for (int elements : new int[] {0, 1, 3, 4, 5, 1031, 300_007}) {
            for (DType type : DType.values()) {
                if (type.isScaled() && !rank.device().ops().supports(type)) {
                    continue;
                }
                for (int shift : new int[] {0, 1}) {
                    byte[] bytes = new byte[elements * type.bytes()];
                    random.nextBytes(bytes);
                    String name = "digest of " + type + " x" + elements + " from element " + shift + ", seed " + SEED;
                    long digest = of(type, bytes, shift);
                    assertEquals(defined(bytes), digest, name);
                    if (elements > 0) {
                        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                        assertNotEquals(digest, of(type, bytes, shift), name + " after a bit has flipped");
                    }
                }
            }
        }
    }

    private long of(DType type, byte[] bytes, int shift) {
        long elements = bytes.length / type.bytes();
        try (Memory memory = rank.device().allocate(Tensor.bytes(type, elements + shift) + 256, "digest");
                Memory result = rank.device().allocate(2 * Long.BYTES, "digest")) {
            Tensor x = Tensor.of(memory, (long) shift * type.bytes(), type, elements);
            Tensor both = Tensor.of(result, 0, DType.I64, 2);
            rank.stream().upload(MemorySegment.ofArray(new long[] {10, 20}), both);
            rank.stream().upload(MemorySegment.ofArray(bytes), x);
            rank.device().ops().elementwise().digest(rank.stream(), x, both.slice(0, 1, 2));
            long[] sums = new long[2];
            rank.stream().download(both, MemorySegment.ofArray(sums));
            assertEquals(10, sums[0], "what is beside the digest");
            return sums[1] - 20;
        }
    }

    private static long defined(byte[] bytes) {
        ByteBuffer words = ByteBuffer.wrap(Arrays.copyOf(bytes, (bytes.length + 7) / 8 * 8))
                .order(ByteOrder.LITTLE_ENDIAN);
        long sum = 0;
        for (long i = 1; words.hasRemaining(); i++) {
            sum += ElementwiseOps.mix(words.getLong() ^ i * 0x9E37_79B9_7F4A_7C15L);
        }
        return sum;
    }
}
