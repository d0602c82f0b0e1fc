package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.trainer.plugins.Plugins;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The threads of ranks, and a caller that is interrupted. */
class RankThreadsTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @Test
    void ranksRunAtTheSameTimeAndInOrder() {
        try (RankThreads ranks = ranks()) {
            assertEquals(List.of(0, 10), ranks.call((rank, phase) -> 10 * rank));
            assertFalse(ranks.areLeft());
        }
    }

    @Test
    void aCallerThatIsInterruptedStartsThemAndStaysInterrupted() {
        Thread.currentThread().interrupt();
        try (RankThreads ranks = ranks()) {
            assertThrows(RunFailedException.class, () -> ranks.call((rank, phase) -> {
                Thread.sleep(10);
                throw new IllegalStateException("stopped");
            }));
            assertTrue(Thread.currentThread().isInterrupted());
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    private static RankThreads ranks() {
        return new RankThreads(List.of(0, 1), ThreadRendezvous.of(2, TIMEOUT), Plugins.load(), TIMEOUT);
    }
}
