package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import java.nio.file.Path;

/**
 * Receives what happens in a run, on the thread that calls {@link TrainingRun#step(StepListener)}.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
@FunctionalInterface
public interface StepListener {

    /** A step is done; its checkpoint, if one is due, is not written yet. */
    void made(StepResult step);

    /**
     * A validation is about to begin.
     *
     * @since 0.3.0
     */
    default void validating() {}

    /**
     * A validation of the step is done; the step's checkpoint, if one is due, is not written yet.
     *
     * @since 0.3.0
     */
    default void validated(ValidationResult validation) {}

    /**
     * A trace of the steps that were profiled has been written.
     *
     * @since 0.3.0
     */
    default void profiled(Path trace) {}

    /** A checkpoint is about to be written. The listener's records of earlier steps must be durable when this returns. */
    default void saving() {}

    /**
     * The saving of a checkpoint has succeeded or failed; it may be the checkpoint of an earlier step.
     *
     * @since 0.3.0
     */
    default void saved(SaveResult result) {}
}
