package io.moe4j.api.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WaitLimitTest {
    private final AtomicLong clock = new AtomicLong(-7_000_000_000L);

    @Test
    void itPassesWhileTheProcessRuns() {
        WaitLimit limit = new WaitLimit(Duration.ofSeconds(3), clock::get);
        for (int i = 1; i < 6; i++) {
            assertEquals(500, limit.pauseMillis());
            clock.addAndGet(500_000_000L);
            assertFalse(limit.expired(), "after " + i + " pauses");
        }
        clock.addAndGet(500_000_000L);
        assertTrue(limit.expired());
    }

    @Test
    void anHourInWhichTheProcessIsStoppedCountsForASecond() {
        WaitLimit limit = new WaitLimit(Duration.ofSeconds(3), clock::get);
        clock.addAndGet(Duration.ofHours(1).toNanos());
        assertFalse(limit.expired());
        clock.addAndGet(1_900_000_000L);
        assertFalse(limit.expired(), "of which a second counts");
        clock.addAndGet(1_000_000_000L);
        assertTrue(limit.expired());
    }

    @Test
    void aShortLimitIsLookedAtInTime() {
        WaitLimit limit = new WaitLimit(Duration.ofNanos(1_500_000), clock::get);
        assertEquals(2, limit.pauseMillis());
        clock.addAndGet(1_400_000);
        assertFalse(limit.expired());
        assertEquals(1, limit.pauseMillis());
        clock.addAndGet(100_000);
        assertTrue(limit.expired());
        assertEquals(1, limit.pauseMillis());
    }
}
