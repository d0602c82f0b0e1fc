package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * How many rounds the exchanges of a step needed. An exchange is the routing of one layer for one microbatch; each of its dispatches and combines, forward
 * and backward, takes as many rounds.
 *
 * @param exchanges that were planned; 0 if none can need a second round
 * @param inSeveralRounds those of them that needed more than one round, in the expert-parallel group that had the most of them
 * @param most the most rounds that an exchange of any group needed
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RoundCounts(long exchanges, long inSeveralRounds, long most) {
    /** Nothing can overflow, or what does is not exchanged in rounds. */
    public static final RoundCounts NONE = new RoundCounts(0, 0, 0);

    /** The larger of each. */
    RoundCounts max(RoundCounts other) {
        return new RoundCounts(Math.max(exchanges, other.exchanges),
                Math.max(inSeveralRounds, other.inSeveralRounds), Math.max(most, other.most));
    }
}
