package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.tensor.BFloat16;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows are converted to the same bits as single elements. */
class VectorBf16Test {
    private static final int ALL = 1 << 16;

    @Test
    void everyBfloat16IsWidenedAndComesBack() {
        try (Arena arena = Arena.ofConfined()) {
            long narrow = arena.allocate(2L * ALL, 16).address();
            long wide = arena.allocate(4L * ALL, 16).address();
            long back = arena.allocate(2L * ALL, 16).address();
            for (int i = 0; i < ALL; i++) {
                Lanes.setShort(narrow, i, (short) i);
            }
            VectorBf16.widen(narrow, wide, ALL);
            VectorBf16.round(wide, back, ALL);
            for (int i = 0; i < ALL; i++) {
                assertEquals(i << 16, Lanes.getInt(wide, i));
                assertEquals(BFloat16.round(BFloat16.widen((short) i)), Lanes.getShort(back, i));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 31, 100_003})
    void anySinglesAreRoundedAndNothingBehindThem(int count) {
        Random random = new Random(count);
        try (Arena arena = Arena.ofConfined()) {
            long wide = arena.allocate(4L * count + 4, 16).address();
            long narrow = arena.allocate(2L * count + 2, 16).address();
            for (int i = 0; i < count; i++) {
                // Ties, and a NaN whose payload is only in the bits that are removed.
                int bits = random.nextInt();
                Lanes.setInt(wide, i, i % 5 == 0 ? (bits & 0xFFFF_0000) | 0x8000 : i % 11 == 0 ? 0x7F80_0001 : bits);
            }
            Lanes.setShort(narrow, count, (short) 0x1234);
            VectorBf16.round(wide, narrow, count);
            for (int i = 0; i < count; i++) {
                assertEquals(BFloat16.round(Float.intBitsToFloat(Lanes.getInt(wide, i))), Lanes.getShort(narrow, i));
            }
            assertEquals(0x1234, Lanes.getShort(narrow, count));
        }
    }
}
