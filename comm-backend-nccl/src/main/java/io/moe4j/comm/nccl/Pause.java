package io.moe4j.comm.nccl;

import java.util.concurrent.locks.LockSupport;

/** Waits between two looks: first for almost no time, since most calls are done at once. */
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
}
