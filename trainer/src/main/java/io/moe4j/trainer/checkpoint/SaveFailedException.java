package io.moe4j.trainer.checkpoint;

/** A checkpoint could not be saved. The run could go on: nothing of it has changed, and the checkpoints before are as they were. */
public final class SaveFailedException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean nonFinite;

    /** @param nonFinite whether the reason is that parameters are NaN or infinite: then no later one can be saved either */
    SaveFailedException(String message, boolean nonFinite) {
        super(message);
        this.nonFinite = nonFinite;
    }

    /** Whether the reason is that parameters are NaN or infinite. */
    public boolean isNonFinite() {
        return nonFinite;
    }
}
