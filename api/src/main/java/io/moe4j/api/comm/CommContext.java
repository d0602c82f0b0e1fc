package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import java.util.Optional;

/**
 * Where a backend is opened. What its {@link CommRequirements} ask for is present; the opener owns and closes it, after the backend.
 *
 * @param rank this rank
 * @param group the expert-parallel group
 * @param peers peer memory of the group
 * @param collectives collectives of the group
 */
@Stability(Stability.Level.EVOLVING)
public record CommContext(RankContext rank, Group group, Optional<PeerGroup> peers,
        Optional<Collectives> collectives) {}
