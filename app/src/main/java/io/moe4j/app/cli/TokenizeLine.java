package io.moe4j.app.cli;

import io.moe4j.app.terminal.Screen;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Shows the progress of tokenizing in the last line of a terminal, rewritten at most five times a second. Shows nothing if the output is not a terminal.
 * Thread-safe.
 */
final class TokenizeLine implements AutoCloseable {
    private static final long EVERY_NANOS = 200_000_000;
    private static final double MEGA = 1e6;
    private static final String CLEAR = "\r\u001b[K";

    private final PrintWriter out;
    private final Screen screen;
    private final LongSupplier nanoTime;
    private final long begin;
    private long shown;
    private long firstBytes = -1;
    private long bytes;
    private boolean visible;
    private boolean closed;

    TokenizeLine(PrintWriter out, Screen screen, LongSupplier nanoTime) {
        this.out = out;
        this.screen = screen;
        this.nanoTime = nanoTime;
        begin = nanoTime.getAsLong();
        shown = begin - EVERY_NANOS;
    }

    /** Reports progress. */
    synchronized void at(long done, long all, long tokens) {
        // Bytes that an earlier run has read do not count for this run's speed.
        firstBytes = firstBytes < 0 ? done : firstBytes;
        bytes = done;
        long now = nanoTime.getAsLong();
        if (closed || !screen.interactive() || now - shown < EVERY_NANOS) {
            return;
        }
        shown = now;
        visible = true;
        int room = Math.max(0, screen.columns().get().orElse(80) - 1);
        String text = text(done, all, tokens, (now - begin) / 1e9, done - firstBytes);
        out.print(CLEAR + text.substring(0, Math.min(room, text.length())));
        out.flush();
    }

    /** {@code 12.3 of 45.6 MB  27%  3.1 M tokens  8.2 MB/s  0:04 left}. */
    static String text(long done, long all, long tokens, double seconds, long inThisRun) {
        double rate = seconds > 0 ? inThisRun / seconds : 0;
        long left = rate > 0 ? Math.round(Math.max(0, all - done) / rate) : 0;
        return String.format(Locale.ROOT, "%.1f of %.1f MB %3d%%  %.1f M tokens", done / MEGA, all / MEGA,
                all == 0 ? 100 : Math.min(100, 100 * done / all), tokens / MEGA)
                + (rate > 0 ? String.format(Locale.ROOT, "  %.1f MB/s  %s left", rate / MEGA, clock(left)) : "");
    }

    /** Bytes that were read; 0 if there was nothing to do. */
    synchronized long bytes() {
        return bytes;
    }

    /** Removes the line, for good: also while another thread still tokenizes, where the process is ending. */
    @Override
    public synchronized void close() {
        closed = true;
        if (visible) {
            visible = false;
            out.print(CLEAR);
            out.flush();
        }
    }

    private static String clock(long seconds) {
        return seconds >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }
}
