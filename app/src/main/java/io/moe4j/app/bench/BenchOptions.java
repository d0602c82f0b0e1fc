package io.moe4j.app.bench;

import io.moe4j.api.Stability;

/**
 * How often something is timed.
 *
 * @param warmup runs before that, whose times are not taken; at least 0
 * @param iterations runs that are timed, at least 1
 * @param calls of a short part in one run, at least 1; its time is the run's divided by them
 * @param progress is told how far it is
 */
@Stability(Stability.Level.EVOLVING)
public record BenchOptions(int warmup, int iterations, int calls, BenchProgress progress) {

    /** Without being told how far it is. */
    public BenchOptions(int warmup, int iterations, int calls) {
        this(warmup, iterations, calls, BenchProgress.none());
    }

    public BenchOptions {
        if (warmup < 0 || iterations < 1 || calls < 1) {
            throw new IllegalArgumentException(warmup + " runs to warm up, " + iterations + " to time, of " + calls
                    + " calls each; at least 0, 1 and 1 are needed");
        }
    }

    /** The same, with {@code told} of how far it is. */
    public BenchOptions withProgress(BenchProgress told) {
        return new BenchOptions(warmup, iterations, calls, told);
    }

    /** How many runs there are, of which the first are not timed. */
    int runs() {
        return warmup + iterations;
    }

    /** On rank 0, which tells for all: so many runs are done. */
    void ran(int rank, int done) {
        if (rank == 0) {
            progress.now("runs", done, runs());
        }
    }
}
