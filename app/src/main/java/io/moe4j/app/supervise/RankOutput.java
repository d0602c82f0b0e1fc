package io.moe4j.app.supervise;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;

/**
 * Shows the output of the processes: the standard output of rank 0 unchanged, because rank 0 reports for all; everything else on standard error, prefixed
 * with the ranks that wrote it.
 */
public final class RankOutput implements AutoCloseable {
    private final PrintWriter out;
    private final PrintWriter err;
    private final Optional<LogFiles> logs;
    private final MergedLines merged;

    /**
     * Begins.
     *
     * @param logs receives all output
     */
    public RankOutput(PrintWriter out, PrintWriter err, Optional<LogFiles> logs) {
        this.out = out;
        this.err = err;
        this.logs = logs;
        merged = new MergedLines(err).start();
    }

    void line(List<Integer> ranks, boolean error, String line) {
        logs.ifPresent(files -> files.add(ranks.getFirst(), line));
        if (!error && ranks.getFirst() == 0) {
            synchronized (this) {
                out.println(line);
                out.flush();
            }
        } else {
            merged.add(ranks, line);
        }
    }

    /** Shows a message of the launcher itself, after all output so far. */
    public void tell(String line) {
        merged.flush();
        synchronized (merged) {
            err.println("[launch] " + line);
            err.flush();
        }
    }

    /** Writes a line of the launcher only to the log of a process. */
    void mark(List<Integer> ranks, String line) {
        logs.ifPresent(files -> files.add(ranks.getFirst(), line));
    }

    @Override
    public void close() {
        merged.close();
        logs.ifPresent(LogFiles::close);
    }
}
