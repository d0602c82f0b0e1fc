package io.moe4j.app.bench;

import io.moe4j.api.Stability;

/** Is told how far a benchmark is. Called by one thread at a time, between what is timed and never inside. */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface BenchProgress {

    /**
     * Something is being done.
     *
     * @param what such as {@code runs}
     * @param done how many of them are done
     * @param all how many there are; 0 if they are not counted
     */
    void now(String what, int done, int all);

    /** Shows nothing. */
    static BenchProgress none() {
        return (what, done, all) -> {};
    }
}
