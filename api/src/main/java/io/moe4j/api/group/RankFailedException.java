package io.moe4j.api.group;

import io.moe4j.api.Stability;

/** Another rank failed, or did not come in time, so that this one cannot go on. */
@Stability(Stability.Level.STABLE)
public final class RankFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient RankFailure failure;

    /** Stops because of {@code failure}. */
    public RankFailedException(RankFailure failure) {
        super("rank " + failure.rank() + " failed during " + failure.phase() + ": " + failure.message());
        this.failure = failure;
    }

    /** The failure that was first. */
    public RankFailure failure() {
        return failure;
    }
}
