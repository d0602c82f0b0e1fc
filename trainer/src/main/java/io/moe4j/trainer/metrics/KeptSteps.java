package io.moe4j.trainer.metrics;

import io.moe4j.api.Shown;
import io.moe4j.api.StepGaps;
import java.util.Optional;
import java.util.function.LongConsumer;

/** The steps of the lines that a continued run keeps, in their order: a file that should have a line of each step lacks some after a full disk and a kill. */
final class KeptSteps implements LongConsumer {
    private final StepGaps gaps = new StepGaps();
    private long first = -1;

    @Override
    public void accept(long step) {
        first = first < 0 ? step : first;
        gaps.accept(step);
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
        gaps.endBefore(stepsDone + 1);
        return gaps.missing() == 0 ? Optional.empty()
                : Optional.of("has no line of " + Shown.count(gaps.missing(), "step") + " between " + first + " and "
                        + gaps.last() + ": " + gaps);
    }
}
