package io.moe4j.trainer.metrics;

import io.moe4j.api.Shown;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/** The steps of the lines that a continued run keeps, in their order: a file that should have a line of each step lacks some after a full disk and a kill. */
final class KeptSteps implements LongConsumer {
    /** Gaps that are named; more are counted. */
    private static final int NAMED = 3;

    private final List<String> gaps = new ArrayList<>();
    private long first = -1;
    private long last;
    private long missing;
    private long more;

    @Override
    public void accept(long step) {
        if (first < 0) {
            first = step;
        } else {
            gap(last + 1, step - 1);
        }
        last = step;
    }

    private void gap(long from, long to) {
        if (from > to) {
            return;
        }
        missing += to - from + 1;
        if (gaps.size() < NAMED) {
            gaps.add(from == to ? String.valueOf(from) : from + " to " + to);
        } else {
            more++;
        }
    }

    /**
     * Says which steps are missing from the first line to the last step that was made, such as "has no line of 3 steps between 1 and 40: 12 to 13, 20"; empty
     * if none is, or no line was kept.
     *
     * @param stepsDone steps that were made
     */
    Optional<String> missing(long stepsDone) {
        if (first < 0) {
            return Optional.empty();
        }
        gap(last + 1, stepsDone);
        last = Math.max(last, stepsDone);
        return missing == 0 ? Optional.empty()
                : Optional.of("has no line of " + Shown.count(missing, "step") + " between " + first + " and " + last
                        + ": " + String.join(", ", gaps)
                        + (more == 0 ? "" : " and " + Shown.count(more, "more gap")));
    }
}
