package io.moe4j.app.cli;

import io.moe4j.app.terminal.LiveLine;
import io.moe4j.app.terminal.ProgressLine;
import io.moe4j.app.terminal.Screen;
import java.io.PrintWriter;
import java.time.Duration;

/** Shows on a terminal, during long work without steps, what is being done and for how long: {@code opening the run  0:12}. */
final class Waiting {

    private Waiting() {}

    /** Begins; ends when the result is closed. */
    static LiveOutput show(PrintWriter out, Screen screen, String what) {
        long begin = System.nanoTime();
        return new LiveOutput(out, screen, () -> LiveLine.of(
                what + "  " + ProgressLine.clock(Duration.ofNanos(System.nanoTime() - begin))));
    }
}
