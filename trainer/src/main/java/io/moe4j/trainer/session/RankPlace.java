package io.moe4j.trainer.session;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import java.util.Optional;

/** Where ranks run: on real devices, or on one that only counts what they would need. */
interface RankPlace {
    /** The device of world rank {@code rank}. */
    Device device(int rank);

    Rendezvous rendezvous();

    /** Opens the planned memory of a rank on its device. */
    Memory openStack(int rank);

    /** Opens the memory of one of the microbatches that a rank keeps alive at the same time. */
    Memory openLane(int rank);

    /** Opens the collectives of a group for one of its ranks. */
    Collectives openCollectives(Group group, RankContext rank);

    /** Opens graph capture for a rank, if steps are captured. */
    Optional<GraphCapture> openCapture(RankContext rank);
}
