package io.moe4j.app.cli;

import io.moe4j.app.bench.BenchProgress;
import io.moe4j.app.terminal.LiveLine;
import io.moe4j.app.terminal.ProgressLine;
import io.moe4j.app.terminal.Screen;
import java.io.PrintWriter;
import java.time.Duration;

/**
 * Shows the progress of a benchmark on standard error: on a terminal in one line that is rewritten; elsewhere in a line when a part begins, and one every ten
 * seconds.
 */
final class BenchOutput implements BenchProgress, AutoCloseable {
    private static final long QUIET_NANOS = 10_000_000_000L;

    private final String name;
    private final LiveOutput live;
    private String what = "starting";
    private int done;
    private int all;
    private long begin = System.nanoTime();
    private long told;

    /** Begins. */
    BenchOutput(String name, PrintWriter err, Screen screen) {
        this.name = name;
        live = new LiveOutput(err, screen, () -> LiveLine.of(line()));
    }

    @Override
    public void now(String doing, int finished, int total) {
        boolean other = begin(doing, finished, total);
        if (live.interactive()) {
            live.refresh();
        } else if (other || System.nanoTime() - told > QUIET_NANOS) {
            live.println(line());
            told = System.nanoTime();
        }
    }

    private synchronized boolean begin(String doing, int finished, int total) {
        boolean other = !doing.equals(what);
        if (other) {
            what = doing;
            begin = System.nanoTime();
        }
        done = finished;
        all = total;
        return other;
    }

    private synchronized String line() {
        if (all == 0) {
            return name + ": " + what;
        }
        Duration taken = Duration.ofNanos(System.nanoTime() - begin);
        return name + ": " + done + " of " + all + " " + what + (done == 0 ? ""
                : "  " + ProgressLine.clock(taken) + "  " + ProgressLine.clock(
                        taken.multipliedBy(all - done).dividedBy(done)) + " left");
    }

    @Override
    public void close() {
        live.close();
    }
}
