package io.moe4j.app.supervise;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Lines of several processes, each headed by the ranks that wrote it: {@code [rank 2] error: …}. A line is held for a moment, and written once if others write
 * the same meanwhile: {@code [ranks 0 to 3] error: …}. The lines of a process stay in order.
 */
final class MergedLines implements AutoCloseable {
    static final Duration HOLD = Duration.ofMillis(250);

    private final PrintWriter target;
    private final List<Held> held = new ArrayList<>();
    private final Thread writer = Thread.ofVirtual().name("lines of ranks").unstarted(this::run);
    private boolean closed;

    /** A line, and all ranks that have written it. */
    private record Held(String line, TreeSet<Integer> ranks) {}

    MergedLines(PrintWriter target) {
        this.target = target;
    }

    /** Begins to write held lines by itself. */
    MergedLines start() {
        writer.start();
        return this;
    }

    /** A process with these ranks has written a line. */
    synchronized void add(List<Integer> ranks, String line) {
        // After the last line of this process, so that its lines stay in order.
        int at = held.size();
        while (at > 0 && !held.get(at - 1).ranks.contains(ranks.getFirst())) {
            at--;
        }
        for (Held each : held.subList(at, held.size())) {
            if (each.line.equals(line)) {
                each.ranks.addAll(ranks);
                return;
            }
        }
        held.add(new Held(line, new TreeSet<>(ranks)));
        notifyAll();
    }

    /** Writes all that is held. */
    synchronized void flush() {
        held.forEach(each -> target.println("[" + RankNames.of(each.ranks) + "] " + each.line));
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
            // The end: close writes what is left.
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
