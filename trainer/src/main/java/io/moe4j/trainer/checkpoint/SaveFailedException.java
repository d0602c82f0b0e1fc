package io.moe4j.trainer.checkpoint;

/** A checkpoint could not be saved. The run can go on: its state is unchanged, and so are earlier checkpoints. */
public final class SaveFailedException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean nonFinite;

    /** @param nonFinite whether the reason is that parameters are NaN or infinite, so that no later checkpoint can be saved either */
    SaveFailedException(String message, boolean nonFinite) {
        super(message);
        this.nonFinite = nonFinite;
    }

    /** Whether the reason is that parameters are NaN or infinite. */
    public boolean isNonFinite() {
        return nonFinite;
    }
}
