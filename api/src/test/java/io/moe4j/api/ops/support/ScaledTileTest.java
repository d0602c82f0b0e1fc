package io.moe4j.api.ops.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScaledTileTest {
    private static final long SEED = 5;
    private final MemorySegment all = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** Blocks shorter than a run, as long, and longer; sums along rows and along columns; parts of the inner dimension. */
    @Test
    void eachSumHasTheBitsOfTheReference() {
        Random random = new Random(SEED);
        try (Arena arena = Arena.ofConfined()) {
            for (int round = 0; round < 60; round++) {
                int inner = 1 + random.nextInt(300);
                int rows = 1 + random.nextInt(ScaledTile.ROWS);
                ScaledOperand a = operand(arena, random, 3, inner);
                ScaledOperand b = operand(arena, random, rows + 2, inner);
                long from = random.nextInt(inner);
                long to = from + random.nextInt((int) (inner - from) + 1);
                ScaledTile tile = new ScaledTile(all);
                tile.load(b, 2, rows, from, to);
                ScaledSum reference = new ScaledSum(all);
                for (int i = 0; i < 3; i++) {
                    float[] sums = tile.sums(a, i);
                    for (int j = 0; j < rows; j++) {
                        assertEquals(Float.floatToIntBits(reference.of(a, i, b, 2 + j, from, to)),
                                Float.floatToIntBits(sums[j]), "seed " + SEED + ", round " + round + ", row " + j);
                    }
                }
            }
        }
    }

    private static ScaledOperand operand(Arena arena, Random random, int outer, int inner) {
        int outerBlock = random.nextBoolean() ? 1 : 128;
        int innerBlock = new int[] {1, 48, 128, 256}[random.nextInt(4)];
        int across = Math.ceilDiv(inner, innerBlock);
        int down = Math.ceilDiv(outer, outerBlock);
        MemorySegment numbers = arena.allocate((long) outer * inner);
        for (int i = 0; i < outer * inner; i++) {
            byte bits = (byte) random.nextInt(256);
            numbers.set(ValueLayout.JAVA_BYTE, i, (bits & 0x7F) == 0x7F ? 0 : bits);
        }
        MemorySegment scales = arena.allocate(4L * across * down, 4);
        for (int i = 0; i < across * down; i++) {
            scales.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() / 448);
        }
        boolean byRows = random.nextBoolean();
        return new ScaledOperand(numbers.address(), byRows ? inner : 1, byRows ? 1 : outer, scales.address(),
                byRows ? 4L * across : 4, byRows ? 4 : 4L * down, outerBlock, innerBlock);
    }
}
