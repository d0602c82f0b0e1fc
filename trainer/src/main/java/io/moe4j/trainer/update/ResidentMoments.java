package io.moe4j.trainer.update;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import java.util.List;
import java.util.function.Consumer;

/** Moments in the device's memory. */
final class ResidentMoments implements Moments {
    private final Resources resources;
    private final List<UnitMoments> units;

    private ResidentMoments(Resources resources, List<UnitMoments> units) {
        this.resources = resources;
        this.units = units;
    }

    /** Allocates the moments, and enqueues setting them to zero. */
    static ResidentMoments open(RankContext rank, List<UnitUpdate> updates, DType dtype) {
        return Resources.open("optimizer state", resources -> new ResidentMoments(resources,
                updates.stream().map(update -> UnitMoments.open(rank, update, dtype, false, resources)).toList()));
    }

    @Override
    public List<UnitMoments> units() {
        return units;
    }

    @Override
    public void visit(UnitMoments unit, Consumer<UpdatePart> visitor) {
        unit.forEachPart(0, unit.update().elements(), unit.first(), unit.second(), visitor);
    }

    @Override
    public void settle() {}

    @Override
    public void close() {
        resources.close();
    }
}
