package io.moe4j.trainer.run;

import io.moe4j.api.Stability;

/**
 * A checkpoint could not be saved, and if the run went on, everything that was trained could be lost. The run itself is unchanged: a program can save it
 * elsewhere with {@link TrainingRun#save}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CheckpointFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    CheckpointFailedException(String message) {
        super(message);
    }
}
