package io.moe4j.app.cli;

import io.moe4j.app.terminal.LiveLine;
import io.moe4j.app.terminal.ProgressLine;
import io.moe4j.app.terminal.Screen;
import java.io.PrintWriter;
import java.time.Duration;

/** Shows the current work, and how long it has taken, on a terminal: {@code opening the run  0:12}. For long work without steps. */
final class Waiting {

    private Waiting() {}

    /** Begins; ends when the result is closed. */
    static LiveOutput show(PrintWriter out, Screen screen, String what) {
        long begin = System.nanoTime();
        return new LiveOutput(out, screen, () -> LiveLine.of(
                what + "  " + ProgressLine.clock(Duration.ofNanos(System.nanoTime() - begin))));
    }
}
