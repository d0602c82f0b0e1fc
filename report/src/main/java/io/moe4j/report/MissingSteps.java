package io.moe4j.report;

import io.moe4j.api.Shown;
import io.moe4j.api.StepGaps;
import java.util.Optional;

/** Steps between the first and the last step of a file that the file does not contain. */
final class MissingSteps {
    private MissingSteps() {}

    /**
     * Says which steps are missing, such as "3 steps between 1 and 40 are missing in metrics.jsonl: 12 to 13, 20".
     *
     * @param steps the numbers of steps in the order of the file; each should be one more than the one before
     */
    static Optional<String> note(Column steps) {
        StepGaps gaps = new StepGaps();
        for (int i = 0; i < steps.size(); i++) {
            gaps.accept((long) steps.at(i));
        }
        return gaps.missing() == 0 ? Optional.empty()
                : Optional.of(Shown.count(gaps.missing(), "step") + " between " + (long) steps.at(0) + " and "
                        + gaps.last() + (gaps.missing() == 1 ? " is" : " are") + " missing in metrics.jsonl: " + gaps);
    }
}
