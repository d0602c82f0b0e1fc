package io.moe4j.trainer.run;

import io.moe4j.trainer.step.StepOutcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns of steps that were made and are not as they should be. */
final class StepWarnings {
    private static final Logger log = LoggerFactory.getLogger(StepWarnings.class);
    /** Of steps without labels, which may be all of a run, only the first few are told. */
    private static final int TOLD = 10;

    private final long tokensPerStep;
    private long withoutLabels;

    StepWarnings(long tokensPerStep) {
        this.tokensPerStep = tokensPerStep;
    }

    void tell(long step, StepOutcome.Completed done) {
        if (done.droppedRows() > 0) {
            log.warn("step {}: {} rows were dropped; a rank was to receive {} and can {}", step, done.droppedRows(),
                    done.receivedRowsMax(), done.receiveCapacityRows());
        }
        if (done.labels() == 0 && ++withoutLabels <= TOLD) {
            log.warn(
                    "step {}: none of its {} labels counts, so that nothing was learnt: parameters and moments are as before"
                            + " it, and the data goes on. Where this is often so, look at what data masks, and at training.seq_len{}",
                    step, tokensPerStep, withoutLabels == TOLD
                            ? ". Further steps like this have no warning: their loss is none, and null in metrics.jsonl"
                            : "");
        }
    }
}
