package io.moe4j.app.supervise;

import io.moe4j.api.Shown;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Writes the lines of several processes, each prefixed with the ranks that wrote it: {@code [rank 2] error: …}. A line is held for a moment, and written once
 * if other ranks write the same line during that time: {@code [ranks 0 to 3] error: …}. The time of day at the beginning of log lines is not compared. The
 * lines of a process stay in order.
 */
final class MergedLines implements AutoCloseable {
    static final Duration HOLD = Duration.ofMillis(250);
    private static final Pattern TIME = Pattern.compile("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} ");

    private final PrintWriter target;
    private final List<Held> held = new ArrayList<>();
    private final Thread writer = Thread.ofVirtual().name("lines of ranks").unstarted(this::run);
    private boolean closed;

    /** A line, and all ranks that have written it. */
    private record Held(String line, TreeSet<Integer> ranks) {}

    MergedLines(PrintWriter target) {
        this.target = target;
    }

    /** Starts the thread that writes held lines. */
    MergedLines start() {
        writer.start();
        return this;
    }

    /** Takes a line that the process with these ranks has written. */
    synchronized void add(List<Integer> ranks, String line) {
        // Only a held line after the last one of this process may be shared, so that the lines of the process stay in order.
        int at = held.size();
        while (at > 0 && !held.get(at - 1).ranks.contains(ranks.getFirst())) {
            at--;
        }
        for (Held each : held.subList(at, held.size())) {
            if (text(each.line).equals(text(line))) {
                each.ranks.addAll(ranks);
                return;
            }
        }
        held.add(new Held(line, new TreeSet<>(ranks)));
        notifyAll();
    }

    /** A line without the time of day at its beginning. */
    private static String text(String line) {
        return TIME.matcher(line).replaceFirst("");
    }

    /** Writes all held lines. */
    synchronized void flush() {
        held.forEach(each -> target.println("[" + Shown.ranks(each.ranks) + "] " + each.line));
        held.clear();
        target.flush();
    }

    private void run() {
        try {
            while (awaitLine()) {
                Thread.sleep(HOLD);
                flush();
            }
        } catch (InterruptedException e) {
            // close() ends this thread, and writes the lines that are left.
        }
    }

    private synchronized boolean awaitLine() throws InterruptedException {
        while (held.isEmpty() && !closed) {
            wait();
        }
        return !closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        flush();
        writer.interrupt();
    }
}
