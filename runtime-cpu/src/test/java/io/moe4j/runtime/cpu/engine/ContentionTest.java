package io.moe4j.runtime.cpu.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ContentionTest {
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 500_000);
    private final Contention contention = new Contention(clock::get);

    @Test
    void aSpinThatGoesOnFindsNothing() {
        long looked = contention.now();
        for (int i = 0; i < 5000; i++) {
            clock.addAndGet(1_000);
            looked = contention.look(looked);
        }
        assertFalse(contention.isLikely());
    }

    @Test
    void aSpinThatWasTakenOffItsCoreIsRememberedForAWhile() {
        long looked = contention.now();
        clock.addAndGet(3_000_000);
        contention.look(looked);
        assertTrue(contention.isLikely());
        clock.addAndGet(199_999_999);
        assertTrue(contention.isLikely());
        clock.addAndGet(1);
        assertFalse(contention.isLikely());
    }
}
