package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * How many rounds the exchanges of a step needed. An exchange is the routing of one layer for one microbatch; each of its dispatches and combines, forward
 * and backward, takes the same number of rounds.
 *
 * @param exchanges how many exchanges were planned; 0 if none can need a second round
 * @param inSeveralRounds how many of them needed more than one round, in the expert-parallel group that had the most of them
 * @param most the most rounds that an exchange of any group needed
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RoundCounts(long exchanges, long inSeveralRounds, long most) {
    /** The counts if no exchange can need a second round. */
    public static final RoundCounts NONE = new RoundCounts(0, 0, 0);

    /** The larger of each count. */
    RoundCounts max(RoundCounts other) {
        return new RoundCounts(Math.max(exchanges, other.exchanges),
                Math.max(inSeveralRounds, other.inSeveralRounds), Math.max(most, other.most));
    }
}
