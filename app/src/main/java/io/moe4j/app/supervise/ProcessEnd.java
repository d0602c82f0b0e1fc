package io.moe4j.app.supervise;

import io.moe4j.api.Shown;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a process has ended.
 *
 * @param ranks the ranks that ran in it
 * @param code its exit code; 128 plus the number of the signal, if a signal has ended it
 * @param killed whether this program has killed it
 * @param lastLines the last lines that it wrote
 */
public record ProcessEnd(List<Integer> ranks, int code, boolean killed, List<String> lastLines) {
    private static final String ERROR = "error: ";
    private static final int BAD_INPUT = 2;
    /** Exit codes after a request to end: 129, 130 and 143 after SIGHUP, SIGINT and SIGTERM; 3 if another process of the job was asked. */
    private static final Set<Integer> STOPPED = Set.of(3, 129, 130, 143);
    private static final int SIGNALS = 128;
    private static final int SIGKILL = 9;
    private static final Map<Integer, String> NAMES = Map.of(4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE",
            SIGKILL, "SIGKILL", 11, "SIGSEGV");

    public ProcessEnd {
        ranks = List.copyOf(ranks);
        lastLines = List.copyOf(lastLines);
    }

    /** Whether it has finished its work. */
    public boolean isDone() {
        return code == 0;
    }

    /** Whether it has ended early because it, or another process of the job, was asked to. */
    public boolean isStopped() {
        return STOPPED.contains(code);
    }

    /** Whether it has failed: it has neither finished its work nor was it asked to end. */
    public boolean isFailure() {
        return !isDone() && !isStopped();
    }

    /** Whether it has refused its input, so that a restart would fail too. */
    public boolean isBadInput() {
        return code == BAD_INPUT;
    }

    /** Whether a signal has ended it, other than SIGHUP, SIGINT and SIGTERM. */
    public boolean isBySignal() {
        return code > SIGNALS && !isStopped();
    }

    /** The last error that it wrote; empty if it wrote none. */
    public Optional<String> error() {
        return lastLines.reversed().stream().filter(line -> line.startsWith(ERROR)).findFirst()
                .map(line -> line.substring(ERROR.length()));
    }

    /** Joins the ends of several processes that have ended in the same way. */
    ProcessEnd with(List<Integer> all) {
        return new ProcessEnd(all, code, killed, lastLines);
    }

    /** A description such as {@code rank 2 failed (exit code 1)}. */
    public String words() {
        String name = Shown.ranks(ranks);
        if (!isBySignal()) {
            return name + " " + (isFailure() ? "failed" : "ended") + " (exit code " + code + ")";
        }
        int signal = code - SIGNALS;
        return name + (signal == SIGKILL ? " was killed by SIGKILL" : " was ended by " + NAMES.getOrDefault(signal,
                "signal " + signal)) + " (exit code " + code + ")";
    }
}
