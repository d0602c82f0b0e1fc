package io.moe4j.api.group;

import io.moe4j.api.Stability;

/**
 * Another rank failed or did not arrive in time, so this rank cannot continue.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public final class RankFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient RankFailure failure;

    /** Stops because of {@code failure}. */
    public RankFailedException(RankFailure failure) {
        super("rank " + failure.rank() + " failed during " + failure.phase() + ": " + failure.message());
        this.failure = failure;
    }

    /** The first failure. */
    public RankFailure failure() {
        return failure;
    }
}
