package io.moe4j.trainer.session;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import java.util.Optional;

/** Where ranks run: on a device, or on one that only counts what they would take. */
interface RankPlace {
    Device device();

    Rendezvous rendezvous();

    /** Opens a rank's planned memory. */
    Memory openStack();

    /** Opens the collectives of a group for one of its ranks. */
    Collectives openCollectives(Group group, RankContext rank);

    /** Opens graph capture for a rank, if steps are captured. */
    Optional<GraphCapture> openCapture(RankContext rank);
}
