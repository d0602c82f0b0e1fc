package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.step.StepData;
import java.util.concurrent.atomic.AtomicLong;

/** Reads the batches of one step, and measures how long ranks wait for them. Thread-safe. */
final class DataWait {
    private final AtomicLong longestNanos = new AtomicLong();

    /** A rank's batch, or why there is none: all ranks must learn this before any of them stops. */
    StepData read(BatchSource source) {
        long begin = System.nanoTime();
        try {
            return source.next();
        } catch (InputException e) {
            return new StepData.Missing(String.valueOf(e.getMessage()));
        } finally {
            longestNanos.accumulateAndGet(System.nanoTime() - begin, Math::max);
        }
    }

    /** The longest time that a rank has waited. */
    double seconds() {
        return longestNanos.get() / 1e9;
    }
}
