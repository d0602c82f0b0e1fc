package io.moe4j.api;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The gaps in the steps of a file that should have a line for each step. For example, after 10, 11, 14 and 16 two gaps of 3 steps are known: 12 to 13, and 15.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class StepGaps implements LongConsumer {
    /** The number of gaps that are named; further gaps are only counted. */
    private static final int NAMED = 3;

    private final List<String> gaps = new ArrayList<>();
    private boolean begun;
    private long last;
    private long missing;
    private long more;

    /** Adds the next step of the file. The first one begins the range; nothing is missing before it. */
    @Override
    public void accept(long step) {
        endBefore(step);
        begun = true;
        last = step;
    }

    /** Counts the steps from the last one that was added up to, but not including, {@code step} as missing. Without any step, nothing is missing. */
    public void endBefore(long step) {
        long first = last + 1;
        if (!begun || first >= step) {
            return;
        }
        missing += step - first;
        last = step - 1;
        if (gaps.size() < NAMED) {
            gaps.add(first == last ? String.valueOf(first) : first + " to " + last);
        } else {
            more++;
        }
    }

    /** The number of missing steps. */
    public long missing() {
        return missing;
    }

    /** The last step of the range, whether it is missing or not. */
    public long last() {
        return last;
    }

    /** The gaps in order, such as {@code 12 to 13, 15, 18 and 2 more gaps}. Empty if there are none. */
    @Override
    public String toString() {
        return String.join(", ", gaps) + (more == 0 ? "" : " and " + Shown.count(more, "more gap"));
    }
}
