package io.moe4j.trainer.checkpoint.store;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Waits for files that another process has written: network file systems may show them some seconds late. */
final class SharedFolder {
    static final Duration PATIENCE = Duration.ofSeconds(10);
    static final String REMEDY = ". All processes must have the same --output, on a file system that they share";
    private static final long PAUSE_MILLIS = 20;

    private SharedFolder() {}

    /** Returns what is missing; empty if nothing is. */
    @FunctionalInterface
    interface Look {
        Optional<String> missing() throws IOException;
    }

    /** Checks repeatedly until nothing is missing or the time is over; returns what is still missing then. */
    static Optional<String> await(Look look, Duration patience) throws IOException {
        long begin = System.nanoTime();
        while (true) {
            Optional<String> missing = look.missing();
            if (missing.isEmpty() || System.nanoTime() - begin > patience.toNanos()) {
                return missing;
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return missing;
            }
        }
    }
}
