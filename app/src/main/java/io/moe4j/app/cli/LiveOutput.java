package io.moe4j.app.cli;

import io.moe4j.app.terminal.LiveLine;
import io.moe4j.app.terminal.LiveLines;
import io.moe4j.app.terminal.Screen;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Lines of output, and on a terminal a line below them that is redrawn twice a second. Logs that are written at the same time appear above that line. If the
 * output is not a terminal, there is no such line, and no thread that draws it. If the process ends early, as by Ctrl-C, the line is removed, so that the
 * shell's prompt does not appear after it.
 */
final class LiveOutput implements AutoCloseable {
    private static final long REFRESH_MILLIS = 500;

    private final LiveLines lines;
    private final Supplier<LiveLine> below;
    private final Thread refresh = Thread.ofVirtual().name("progress").unstarted(this::refreshing);
    private final PrintStream errors = System.err;
    private final Optional<AtExit> atExit;

    /**
     * Begins.
     *
     * @param below gives the current text of the line
     */
    LiveOutput(PrintWriter out, Screen screen, Supplier<LiveLine> below) {
        this.below = below;
        lines = new LiveLines(out, screen);
        atExit = lines.interactive() ? Optional.of(AtExit.of("removes the line of progress", lines::close))
                : Optional.empty();
        if (lines.interactive()) {
            System.setErr(lines.above(errors));
            refresh.start();
        }
    }

    /** The thread that runs if the process ends before {@link #close()}; absent if there is no line below. */
    Optional<Thread> atExit() {
        return atExit.map(AtExit::hook);
    }

    /** Whether there is a line below. */
    boolean interactive() {
        return lines.interactive();
    }

    /** The largest number of columns of a line. */
    int width() {
        return lines.width();
    }

    /** Writes text, which may have several lines. */
    void println(String text) {
        lines.println(text);
    }

    /** Redraws the line below. */
    void refresh() {
        lines.below(below.get());
    }

    private void refreshing() {
        try {
            while (true) {
                refresh();
                Thread.sleep(REFRESH_MILLIS);
            }
        } catch (InterruptedException e) {
            // close() ends this thread.
        }
    }

    @Override
    public void close() {
        refresh.interrupt();
        lines.close();
        if (lines.interactive()) {
            System.err.flush();
            System.setErr(errors);
            atExit.ifPresent(AtExit::close);
        }
    }
}
