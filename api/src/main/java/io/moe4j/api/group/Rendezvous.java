package io.moe4j.api.group;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;

/**
 * Through a rendezvous the ranks' host threads exchange a few bytes when something is opened, and learn that a rank has failed. Every wait has a time limit.
 * Safe for use by many threads.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Rendezvous {

    /**
     * Sends {@code mine} to all ranks of the group and returns what each rank sent, in group order. Every rank of the group calls it
     * with the same key; a key may be used again.
     *
     * @throws RankFailedException if a rank of the world failed, or a rank of the group did not arrive in time (the message names the missing ones)
     */
    List<byte[]> exchange(Group group, String key, byte[] mine);

    /** Tells all ranks that this one failed; the first report wins. */
    void fail(RankFailure failure);

    /** The first failure of any rank. Cheap, because waiting loops poll it. */
    Optional<RankFailure> failure();

    /** Throws if a rank has failed. */
    default void check() {
        failure().ifPresent(failure -> {
            throw new RankFailedException(failure);
        });
    }
}
