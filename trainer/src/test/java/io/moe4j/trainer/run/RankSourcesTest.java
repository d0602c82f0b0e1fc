package io.moe4j.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RankSourcesTest {
    private final List<Integer> closed = new ArrayList<>();

    /** A source that says when it is closed; rank 9 has none. */
    private BatchSource data(int rank) {
        if (rank == 9) {
            throw new IllegalStateException("no data for rank 9");
        }
        return new BatchSource() {
            @Override
            public Batch next() {
                throw new AssertionError("read");
            }

            @Override
            public void close() {
                closed.add(rank);
            }
        };
    }

    @Test
    void eachRankHasItsOwn() {
        try (RankSources sources = RankSources.open(List.of(2, 3), this::data)) {
            assertSame(sources.of(2), sources.any());
            assertEquals(Optional.empty(), sources.first());
            String elsewhere = assertThrows(IllegalStateException.class, () -> sources.of(0)).getMessage();
            assertTrue(elsewhere.contains("rank 0 does not live in this JVM"), elsewhere);
            assertEquals(List.of(), closed);
        }
        assertEquals(List.of(3, 2), closed);
        try (RankSources sources = RankSources.open(List.of(0, 1), this::data)) {
            assertSame(sources.of(0), sources.first().orElseThrow());
        }
    }

    @Test
    void oneThatCannotBeOpenedClosesThoseBeforeIt() {
        assertThrows(IllegalStateException.class, () -> RankSources.open(List.of(0, 1, 9), this::data));
        assertEquals(List.of(1, 0), closed);
    }
}
