package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Addresses of the scores. */
final class AttentionScoresTest {
    private static final int QUERIES = AttentionForward.QUERIES;

    private static AttentionShape shape(long batch, long sequence, long heads) {
        return AttentionShape.of(batch, sequence, heads, 8, 8, DType.F32);
    }

    @Test
    void theExampleOfTheClass() {
        AttentionScores scores = new AttentionScores(0, shape(1, 1024, 1));
        assertEquals(4 * 18_432, scores.of(0, 0, 128, 0));
        assertEquals(4 * 51_200, scores.of(0, 0, 128, 128 * 256));
        assertEquals(4 * 53_248, scores.of(0, 0, 256, 0));
    }

    @Test
    void onlyShortSequencesHaveAny() {
        assertEquals(3 * AttentionScores.bytes(shape(1, 1024, 1)), AttentionScores.bytes(shape(1, 1024, 3)));
        assertTrue(AttentionScores.bytes(shape(1, 1024, 1)) <= 2400L * 1024);
        assertEquals(0, AttentionScores.bytes(shape(1, 1025, 1)));
        assertEquals(0, AttentionScores.bytes(shape(1, 0, 1)));
    }

    /** With any documents, each block ends before the next begins, and the last one within the memory. Heads begin at multiples of a cache line. */
    @Test
    void blocksDoNotOverlap() {
        Random random = new Random(5);
        for (int run = 0; run < 2000; run++) {
            int sequence = 1 + random.nextInt(1024);
            int average = 1 + random.nextInt(400);
            AttentionShape shape = shape(2, sequence, 3);
            AttentionScores scores = new AttentionScores(0, shape);
            assertEquals(0, scores.of(1, 2, 0, 0) % (4L * Lanes.COUNT));
            long end = AttentionScores.bytes(shape);
            int begin = 0;
            for (int first = 0; first < sequence;) {
                int rows = 1;
                while (rows < QUERIES && first + rows < sequence && random.nextInt(average) > 0) {
                    rows++;
                }
                int document = begin;
                boolean ended = rows < QUERIES;
                long elements = rows * Lanes.whole(first - document + rows);
                long next = first + rows < sequence ? scores.of(1, 2, first + rows, 0) : end;
                assertTrue(scores.of(1, 2, first, elements) <= next,
                        "block of " + rows + " queries from " + first + " on, document from " + document);
                first += rows;
                begin = ended ? first : begin;
            }
        }
    }
}
