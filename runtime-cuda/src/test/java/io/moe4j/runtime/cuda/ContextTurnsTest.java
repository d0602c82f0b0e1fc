package io.moe4j.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ContextTurnsTest {
    private static final int ROUNDS = 2000;

    /** Four threads, two groups of two, launch together as ranks do between two meetings; two more threads make calls all the time. */
    @Test
    void launchesAndCallsNeverOverlap() throws Exception {
        ContextTurns turns = ContextTurns.of("one");
        noOverlaps(turns, turns);
    }

    /** Sessions of one JVM on one GPU each open a device, and share the GPU's context. */
    @Test
    void norDoThoseOfSessionsOnOneGpu() throws Exception {
        ContextTurns first = ContextTurns.of("shared");
        ContextTurns second = ContextTurns.of("shared");
        assertEquals(first.address(), second.address());
        assertNotEquals(first.address(), ContextTurns.of("another").address());
        noOverlaps(first, second);
    }

    /** The same on two devices that have met: a launch on one excludes calls on the other. */
    @Test
    void norDoThoseOfDevicesThatHaveMet() throws Exception {
        ContextTurns first = ContextTurns.of("two");
        ContextTurns second = ContextTurns.of("three");
        first.shareWith(second.address());
        second.shareWith(first.address());
        noOverlaps(first, second);
    }

    @SuppressWarnings("ThreadPriorityCheck") // lets the other threads in
    private static void noOverlaps(ContextTurns... devices) throws Exception {
        AtomicInteger launching = new AtomicInteger();
        AtomicInteger calling = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        List<Runnable> work = new ArrayList<>();
        for (ContextTurns turns : devices) {
            work.add(() -> {
                try (ContextTurns.Turn turn = turns.beginLaunch()) {
                    launching.incrementAndGet();
                    overlaps.addAndGet(calling.get());
                    launching.decrementAndGet();
                }
                Thread.yield();
            });
            work.add(() -> turns.run(() -> {
                calling.incrementAndGet();
                overlaps.addAndGet(launching.get());
                calling.decrementAndGet();
            }));
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(work.size())) {
            List<Future<?>> running = new ArrayList<>();
            for (Runnable each : work) {
                running.add(threads.submit(() -> {
                    for (int round = 0; round < ROUNDS; round++) {
                        each.run();
                    }
                }));
            }
            for (Future<?> one : running) {
                one.get();
            }
        }
        assertEquals(0, overlaps.get());
    }

    @Test
    void aCallWaitsUntilAllHaveLaunched() throws Exception {
        ContextTurns turns = ContextTurns.of("four");
        AtomicBoolean called = new AtomicBoolean();
        ContextTurns.Turn first = turns.beginLaunch();
        ContextTurns.Turn second = turns.beginLaunch();
        Thread caller = Thread.ofPlatform().daemon().start(() -> turns.run(() -> called.set(true)));
        first.close();
        caller.join(100);
        assertFalse(called.get(), "one of two has not launched");
        second.close();
        caller.join(TimeUnit.SECONDS.toMillis(20));
        assertEquals(true, called.get());
    }

    @Test
    void aCallThatThrowsEnds() {
        ContextTurns turns = ContextTurns.of("five");
        assertEquals(7, turns.call(() -> 7));
        assertThrows(IllegalStateException.class, () -> turns.run(() -> {
            throw new IllegalStateException("injected");
        }));
        turns.beginLaunch().close();
    }
}
