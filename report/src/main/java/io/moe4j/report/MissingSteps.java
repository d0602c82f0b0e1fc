package io.moe4j.report;

import io.moe4j.api.Shown;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Steps between the first and the last step of a file that the file does not contain. */
final class MissingSteps {
    /** The number of gaps that a note names; further gaps are only counted. */
    private static final int NAMED = 3;

    private MissingSteps() {}

    /**
     * Says which steps are missing, such as "3 steps between 1 and 40 are missing in metrics.jsonl: 12 to 13, 20".
     *
     * @param steps the numbers of steps in the order of the file; each should be one more than the one before
     */
    static Optional<String> note(Column steps) {
        long missing = 0;
        List<String> gaps = new ArrayList<>();
        for (int i = 1; i < steps.size(); i++) {
            long first = (long) steps.at(i - 1) + 1;
            long last = (long) steps.at(i) - 1;
            if (first <= last) {
                missing += last - first + 1;
                gaps.add(first == last ? String.valueOf(first) : first + " to " + last);
            }
        }
        if (gaps.isEmpty()) {
            return Optional.empty();
        }
        String named = String.join(", ", gaps.subList(0, Math.min(NAMED, gaps.size())));
        String more = gaps.size() > NAMED ? " and " + (gaps.size() - NAMED) + " more gaps" : "";
        return Optional.of(Shown.count(missing, "step") + " between " + (long) steps.at(0) + " and "
                + (long) steps.at(steps.size() - 1) + (missing == 1 ? " is" : " are") + " missing in metrics.jsonl: "
                + named + more);
    }
}
