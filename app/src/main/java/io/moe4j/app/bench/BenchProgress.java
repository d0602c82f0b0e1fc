package io.moe4j.app.bench;

import io.moe4j.api.Stability;

/** Receives the progress of a benchmark. It is called by one thread at a time, and never while something is timed. */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface BenchProgress {

    /**
     * Reports the current work.
     *
     * @param what the kind of work, such as {@code runs}; for people
     * @param done how many of them are done
     * @param all how many there are; 0 if they are not counted
     */
    void now(String what, int done, int all);

    /** Shows nothing. */
    static BenchProgress none() {
        return (what, done, all) -> {};
    }
}
