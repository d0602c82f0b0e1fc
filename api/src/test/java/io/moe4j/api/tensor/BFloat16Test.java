package io.moe4j.api.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class BFloat16Test {

    /** Between 1 and 2, adjacent values are 2⁻⁷ apart. */
    @Test
    void tiesGoToEven() {
        float half = 0x1p-8f;
        assertEquals(1, rounded(1 + half));
        assertEquals(1 + 4 * half, rounded(1 + 3 * half));
        assertEquals(1 + 2 * half, rounded(Math.nextUp(1 + half)));
        assertEquals(-1, rounded(-1 - half));
    }

    @Test
    void whatIsTooLargeBecomesInfinite() {
        assertEquals(Float.POSITIVE_INFINITY, rounded(Float.MAX_VALUE));
        assertEquals(Float.NEGATIVE_INFINITY, rounded(-Float.MAX_VALUE));
    }

    /** NaNs whose payload is in the lower half only, and NaNs that a carry would turn into infinity or zero. */
    @Test
    void nanStaysNan() {
        for (int bits : new int[] {0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff, 0x7fc00000}) {
            assertTrue(Float.isNaN(rounded(Float.intBitsToFloat(bits))), Integer.toHexString(bits));
        }
    }

    @Test
    void everyBfloat16ThatIsANumberStaysItself() {
        for (int bits = Short.MIN_VALUE; bits <= Short.MAX_VALUE; bits++) {
            float value = BFloat16.widen((short) bits);
            if (!Float.isNaN(value)) {
                assertEquals((short) bits, BFloat16.round(value));
            }
        }
    }

    private static float rounded(float value) {
        return BFloat16.widen(BFloat16.round(value));
    }
}
