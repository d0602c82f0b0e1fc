package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * What one rank has for one step: a batch, or the reason why there is none.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface StepData permits Batch, StepData.Missing {

    /**
     * The data could not be read.
     *
     * @param reason for people: the file, the line, what is wrong
     */
    record Missing(String reason) implements StepData {
        public Missing {
            if (reason.isEmpty()) {
                throw new IllegalArgumentException("data is missing without a reason; say what could not be read");
            }
        }
    }
}
