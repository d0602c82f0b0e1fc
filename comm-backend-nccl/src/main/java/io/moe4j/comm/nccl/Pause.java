package io.moe4j.comm.nccl;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Polls a condition. The first pauses between two checks are very short, because most calls finish at once. */
final class Pause {
    private static final int SPINS = 200;
    private static final long NANOS = 50_000;

    private Pause() {}

    static void after(int looks) {
        if (looks < SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(NANOS);
        }
    }

    /** Returns when {@code condition} holds, or {@code limit} has passed. */
    static void until(BooleanSupplier condition, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(NANOS);
        }
    }
}
