package io.moe4j.trainer.checkpoint;

/** A parameter is NaN or infinite: a checkpoint with such a value is not written. */
public final class NonFiniteStateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NonFiniteStateException(String tensor, long element, float value) {
        super(tensor + " is not finite: element " + element + " is " + value
                + ". No checkpoint of such a model is written; continue from an earlier one with a lower optimizer.lr, more"
                + " lr_scheduler.warmup_steps, or a smaller training.max_norm");
    }
}
