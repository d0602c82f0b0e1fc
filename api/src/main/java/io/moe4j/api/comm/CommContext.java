package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import java.util.Optional;

/**
 * What a backend needs to be opened. Peers and collectives are present if its {@link CommRequirements} ask for them; the opener owns them, and closes
 * them after the backend.
 *
 * @param rank this rank
 * @param group the expert-parallel group
 * @param peers peer memory of the group
 * @param collectives collectives of the group
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CommContext(RankContext rank, Group group, Optional<PeerGroup> peers,
        Optional<Collectives> collectives) {

    /** Without peer memory and collectives. */
    public static CommContext of(RankContext rank, Group group) {
        return new CommContext(rank, group, Optional.empty(), Optional.empty());
    }

    /** With peer memory of the group. */
    public CommContext withPeers(PeerGroup memory) {
        return new CommContext(rank, group, Optional.of(memory), collectives);
    }

    /** With collectives of the group. */
    public CommContext withCollectives(Collectives operations) {
        return new CommContext(rank, group, peers, Optional.of(operations));
    }
}
