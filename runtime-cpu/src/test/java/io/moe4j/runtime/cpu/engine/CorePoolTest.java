package io.moe4j.runtime.cpu.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class CorePoolTest {

    @ParameterizedTest
    @CsvSource({"1,1000,1", "2,1000,1", "2,1000,64", "4,7,1", "3,1,1", "2,0,5", "2,10,10", "2,11,10"})
    void everyElementIsHandledOnce(int cores, int count, int grain) {
        try (CorePool pool = new CorePool("test", cores)) {
            for (int repeat = 0; repeat < 200; repeat++) {
                AtomicIntegerArray seen = new AtomicIntegerArray(Math.max(1, count));
                pool.parallelFor(count, grain, (from, to) -> {
                    assertTrue(to - from >= Math.min(grain, count - from) || to == count, from + ".." + to);
                    for (long i = from; i < to; i++) {
                        seen.incrementAndGet((int) i);
                    }
                });
                for (int i = 0; i < count; i++) {
                    assertEquals(1, seen.get(i));
                }
            }
        }
    }

    @Test
    void loopsMayBeNestedOnAnyNumberOfRanks() throws InterruptedException {
        try (CorePool pool = new CorePool("test", 2)) {
            AtomicLong sum = new AtomicLong();
            List<Thread> ranks = new ArrayList<>();
            for (int rank = 0; rank < 4; rank++) {
                ranks.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 50; i++) {
                        pool.parallelFor(20, 1, (a, b) -> pool.parallelFor(b - a, 1,
                                (c, d) -> pool.parallelFor(10 * (d - c), 1, (e, f) -> sum.addAndGet(f - e))));
                    }
                }));
            }
            for (Thread rank : ranks) {
                rank.join();
            }
            assertEquals(4 * 50 * 200, sum.get());
        }
    }

    /** Two ranges that wait for each other can end only if two threads run them. */
    @Test
    void oneRankHasAllCores() {
        try (CorePool pool = new CorePool("test", 2)) {
            Set<Thread> threads = ConcurrentHashMap.newKeySet();
            CountDownLatch both = new CountDownLatch(2);
            pool.enter();
            pool.parallelFor(2, 1, (from, to) -> {
                threads.add(Thread.currentThread());
                both.countDown();
                assertTrue(await(both));
            });
            pool.leave();
            assertEquals(2, threads.size());
        }
    }

    /** If a rank's peers begin to wait in the middle of its loop, the loop gets their cores. */
    @Test
    void coresOfWaitingRanksHelpTheOthers() throws InterruptedException {
        try (CorePool pool = new CorePool("test", 2)) {
            Waits waits = new Waits(pool, java.time.Duration.ofSeconds(20));
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch both = new CountDownLatch(2);
            pool.enter();
            Thread working = Thread.ofPlatform().start(() -> {
                pool.enter();
                pool.parallelFor(2, 1, (from, to) -> {
                    both.countDown();
                    begun.countDown();
                    assertTrue(await(both));
                });
                pool.leave();
            });
            assertTrue(await(begun));
            assertEquals(1, both.getCount(), "no core is free yet");
            assertTrue(waits.until(() -> both.getCount() == 0));
            working.join();
            pool.leave();
        }
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * After a failure, the rest of a loop is skipped. If the rank loses its core just before, there may be no rest left to skip; this must not happen
     * in every attempt.
     */
    @Test
    void theFirstFailureEndsTheLoop() {
        int endedEarly = 0;
        try (CorePool pool = new CorePool("test", 2)) {
            for (int repeat = 0; repeat < 100; repeat++) {
                IllegalStateException failure = new IllegalStateException("at 17");
                AtomicLong handled = new AtomicLong();
                assertSame(failure, assertThrows(IllegalStateException.class,
                        () -> pool.parallelFor(10_000_000, 1, (from, to) -> {
                            handled.addAndGet(to - from);
                            if (from <= 17 && 17 < to) {
                                throw failure;
                            }
                        })));
                endedEarly += handled.get() < 10_000_000 ? 1 : 0;
            }
        }
        assertTrue(endedEarly > 0, "the loop ran to its end in all repeats");
    }
}
