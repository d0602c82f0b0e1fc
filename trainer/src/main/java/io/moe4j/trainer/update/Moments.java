package io.moe4j.trainer.update;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.function.Consumer;

/** The moments of a rank's parameters, in the device's or the host's memory. */
@Stability(Stability.Level.INTERNAL)
public sealed interface Moments extends AutoCloseable permits ResidentMoments, OffloadedMoments {
    /** Name of the moments' memory in reports. */
    String PURPOSE = "optimizer state";

    /** All moments, in the order of the units. */
    List<UnitMoments> units();

    /**
     * Brings the moments of one unit to the device, part by part, lets {@code visitor} enqueue the update of each part on the rank's main stream, and copies
     * them back. Units are visited in order, each once in a step.
     */
    void visit(UnitMoments unit, Consumer<UpdatePart> visitor);

    /**
     * Moves the moments to the places that {@link #units} gives. Work that is enqueued on the rank's main stream from now on may read and write them there;
     * the next update uses the written values. Does not wait.
     */
    void settle();

    @Override
    void close();
}
