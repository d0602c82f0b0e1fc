package io.moe4j.app.bench;

import io.moe4j.api.Stability;

/**
 * How often something is timed.
 *
 * @param warmup runs before the timed ones, at least 0; their times are not taken
 * @param iterations runs that are timed, at least 1
 * @param calls calls of a short part in one run, at least 1; the part's time is the run's time divided by this number
 * @param progress receives the benchmark's progress
 */
@Stability(Stability.Level.EVOLVING)
public record BenchOptions(int warmup, int iterations, int calls, BenchProgress progress) {

    /** Without a receiver of progress. */
    public BenchOptions(int warmup, int iterations, int calls) {
        this(warmup, iterations, calls, BenchProgress.none());
    }

    public BenchOptions {
        if (warmup < 0 || iterations < 1 || calls < 1) {
            throw new IllegalArgumentException(warmup + " runs to warm up, " + iterations + " to time, of " + calls
                    + " calls each; at least 0, 1 and 1 are needed");
        }
    }

    /** The same, with progress reported to {@code told}. */
    public BenchOptions withProgress(BenchProgress told) {
        return new BenchOptions(warmup, iterations, calls, told);
    }

    /** The number of runs, including those that are not timed. */
    int runs() {
        return warmup + iterations;
    }

    /** Reports that {@code done} runs are done. Only rank 0's report is shown, because all ranks advance together. */
    void ran(int rank, int done) {
        if (rank == 0) {
            progress.now("runs", done, runs());
        }
    }
}
