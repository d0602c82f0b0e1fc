package io.moe4j.api.ops.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.tensor.Float8;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/**
 * Sums of numbers with scales at the ends of what fp32 holds, as docs/fp8.md tells them: a run's sum is multiplied by the scale of a first, and by that of b
 * then. A run's sum is at most 128 · 448² = 25,690,112.
 */
class ScaledRangeTest {
    private static final float LARGEST_SUM = 128 * 448f * 448f;
    private final MemorySegment all = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** The largest scale of a with which no sum of a run overflows: 1.32e31, of elements up to 5.9e33. */
    @Test
    void elementsUpToTheLimitDoNotOverflowBeforeTheSecondScale() {
        float scale = 5.9e33f / 448;
        assertEquals(LARGEST_SUM * scale * 1e-20f, sum(scale, 1e-20f, 128, 448, 448));
        assertEquals(1.3245e31, Float.MAX_VALUE / LARGEST_SUM, 1e27);
    }

    /** 128 elements of 1e34 and 128 of 4.48e-18: the result would be 5.7e18. */
    @Test
    void beyondThatAProductIsInfiniteThoughItsResultWouldNotBe() {
        float large = 1e34f / 448;
        assertEquals(Float.POSITIVE_INFINITY, sum(large, 1e-20f, 128, 448, 448));
        assertEquals(Float.NEGATIVE_INFINITY, sum(large, 1e-20f, 128, 448, -448));
        // The other way round it is not: the small scale comes first.
        assertEquals(LARGEST_SUM * 1e-20f * large, sum(1e-20f, large, 128, 448, 448));
        // Neither is it with fewer terms: 16 of them.
        assertEquals(LARGEST_SUM / 8 * large * 1e-20f, sum(large, 1e-20f, 16, 448, 448));
    }

    /** Where the sum times the first scale is below 2⁻¹²⁶, only multiples of 2⁻¹⁴⁹ are kept of it: of 1.1 · 2⁻¹⁴⁴, 35 · 2⁻¹⁴⁹ = 1.09375 · 2⁻¹⁴⁴. */
    @Test
    void smallSumsLoseDigitsBelowTheSmallestNormalNumber() {
        assertEquals(35 * 0x1p-29f, sum(1.1f * Float.MIN_NORMAL, 0x1p120f, 1, 0x1p-9f, 0x1p-9f));
        assertEquals(1.1f * 0x1p-24f, sum(0x1p120f, 1.1f * Float.MIN_NORMAL, 1, 0x1p-9f, 0x1p-9f));
        assertEquals(0f, sum(Float.MIN_NORMAL, Float.MIN_NORMAL, 128, 448, 448));
    }

    /** The sum of {@code terms} times a · b, by both implementations, which agree. */
    private float sum(float scaleA, float scaleB, int terms, float a, float b) {
        try (Arena arena = Arena.ofConfined()) {
            ScaledOperand left = operand(arena, scaleA, terms, a);
            ScaledOperand right = operand(arena, scaleB, terms, b);
            float sum = new ScaledSum(all).of(left, 0, right, 0, 0, terms);
            ScaledTile tile = new ScaledTile(all);
            tile.load(right, 0, 1, 0, terms);
            assertEquals(sum, tile.sums(left, 0)[0]);
            return sum;
        }
    }

    private static ScaledOperand operand(Arena arena, float scale, int terms, float value) {
        MemorySegment numbers = arena.allocate(terms);
        assertEquals(value, Float8.widen(Float8.round(value)), "e4m3 has it");
        numbers.fill(Float8.round(value));
        MemorySegment scales = arena.allocate(4, 4);
        scales.set(ValueLayout.JAVA_FLOAT, 0, scale);
        return new ScaledOperand(numbers.address(), terms, 1, scales.address(), 4, 4, 1, 128);
    }
}
