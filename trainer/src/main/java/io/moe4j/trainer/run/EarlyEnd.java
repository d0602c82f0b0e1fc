package io.moe4j.trainer.run;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.StepOutcome;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Saves a run that ends before its last step, because a step was refused or its folder is lost, and says in the error what was saved. A failure to save never
 * hides why the run ends.
 *
 * @param now the progress of the run
 */
record EarlyEnd(TrainerConfig config, ModelSpec spec, RunCheckpoints checkpoints, Supplier<Progress> now) {
    private static final String NOT_ENABLED = "nothing was saved, since checkpoint.enable is false";

    /**
     * The result of a step that was made.
     *
     * @throws RuntimeException one that says why the step was refused, and what was saved before it
     */
    StepOutcome.Completed requireCompleted(long step, StepOutcome outcome) {
        return switch (outcome) {
            case StepOutcome.Completed completed -> completed;
            case StepOutcome.WithoutData missing -> {
                DataException refused = Refusals.withoutData(step, missing);
                throw new DataException(refused, step == 1 ? "no step had been made, so that nothing was saved"
                        : saveBefore(refused, "when the data is correct, continue it"));
            }
            case StepOutcome.Overflowed overflow -> throw saved(Refusals.overflow(step, overflow, config, spec));
            case StepOutcome.Dropped dropped -> throw saved(Refusals.dropped(step, dropped, spec));
            case StepOutcome.Disagreed disagreed -> throw Refusals.disagreement(step, disagreed.differences());
            case StepOutcome.NonFinite broken -> {
                NonFiniteException refused = Refusals.nonFinite(step, broken);
                throw new NonFiniteException(refused, saveBefore(refused, "continue it"));
            }
        };
    }

    private CapacityExceededException saved(CapacityExceededException refused) {
        return new CapacityExceededException(refused, saveBefore(refused, "continue it"));
    }

    /** Saves the run as it is before a refused step, if it saves itself, and returns in words what was done. */
    private String saveBefore(RuntimeException refused, String advice) {
        if (!checkpoints.areEnabled()) {
            return NOT_ENABLED;
        }
        try {
            return "the run was saved: " + advice + " with --checkpoint.resume " + checkpoints.saveNow(now.get());
        } catch (RuntimeException e) {
            refused.addSuppressed(e);
            return "saving the run failed as well: " + e.getMessage();
        }
    }

    /**
     * The error for a folder of the run that was removed.
     *
     * @param save whether the run is to be saved in a new folder; if not, all that it has saved was in the old one
     */
    OutputLostException lostOutput(Path folder, boolean save) {
        String message = folder + " was removed or replaced while the run wrote to it, and with it all that was there."
                + " The run was stopped after step " + now.get().step() + "; ";
        if (!save || !checkpoints.areEnabled()) {
            return new OutputLostException(message + (save ? NOT_ENABLED : "what it saved is not there any more"));
        }
        try {
            return new OutputLostException(message + "it was saved in a new folder of this name: continue it with"
                    + " --checkpoint.resume " + checkpoints.saveNow(now.get()));
        } catch (RuntimeException e) {
            OutputLostException lost = new OutputLostException(message + "saving it failed as well: " + e.getMessage());
            lost.addSuppressed(e);
            return lost;
        }
    }
}
