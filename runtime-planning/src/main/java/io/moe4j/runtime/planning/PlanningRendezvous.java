package io.moe4j.runtime.planning;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Answers for the absent ranks: each of them sends the same bytes as this rank.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class PlanningRendezvous implements Rendezvous {
    private volatile @Nullable RankFailure failure;

    /** For one rank. */
    public PlanningRendezvous() {}

    @Override
    public List<byte[]> exchange(Group group, String key, byte[] mine) {
        check();
        return Collections.nCopies(group.size(), mine.clone());
    }

    @Override
    public synchronized void fail(RankFailure report) {
        if (failure == null) {
            failure = report;
        }
    }

    @Override
    public Optional<RankFailure> failure() {
        return Optional.ofNullable(failure);
    }
}
