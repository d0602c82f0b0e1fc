package io.moe4j.app.supervise;

import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * How all processes of an attempt have ended.
 *
 * @param ends one for each process, in the order in which they ended
 */
public record AttemptEnd(List<ProcessEnd> ends) {
    /** Matches the message of a process that stops because another one has failed. */
    private static final Pattern OTHER_FAILED = Pattern.compile("rank (\\d+) failed");

    public AttemptEnd {
        ends = List.copyOf(ends);
    }

    /** Whether all processes have finished their work. */
    public boolean isDone() {
        return ends.stream().allMatch(ProcessEnd::isDone);
    }

    /**
     * The process whose failure caused the others. It need not have ended first, because a failed process tells the others, which may end before it. The
     * choice is: a process that was ended by a signal; otherwise one that refused its input; otherwise the one that the first ended process names as its
     * reason. Processes that failed with the same error are reported as one.
     */
    public Optional<ProcessEnd> cause() {
        List<ProcessEnd> failures = ends.stream().filter(end -> end.isFailure() && !end.killed()).toList();
        return first(failures).map(cause -> cause.with(failures.stream().filter(end -> end.equals(cause)
                || (end.code() == cause.code() && end.error().isPresent() && end.error().equals(cause.error())))
                .flatMap(end -> end.ranks().stream()).sorted().toList()));
    }

    private static Optional<ProcessEnd> first(List<ProcessEnd> failures) {
        return failures.stream().filter(ProcessEnd::isBySignal).findFirst()
                .or(() -> failures.stream().filter(ProcessEnd::isBadInput).findFirst())
                .or(() -> failures.stream().findFirst().map(first -> named(first, failures)));
    }

    private static ProcessEnd named(ProcessEnd first, List<ProcessEnd> failures) {
        return OTHER_FAILED.matcher(String.join("\n", first.lastLines())).results().map(AttemptEnd::rank)
                .flatMap(rank -> failures.stream().filter(end -> end.ranks().contains(rank))).findFirst()
                .orElse(first);
    }

    private static int rank(MatchResult match) {
        String digits = match.group(1);
        return digits.length() > 6 ? -1 : Integer.parseInt(digits);
    }
}
