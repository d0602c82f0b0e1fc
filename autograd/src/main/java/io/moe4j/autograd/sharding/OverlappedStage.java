package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The overlapped units of a stage, which are gathered in one {@link GatherRoom} and reduced in one {@link GradientRoom}. */
final class OverlappedStage {
    private final List<ParameterUnit> units;
    private final GatherRoom room;
    private final GradientRoom gradientRoom;
    private final List<Tensor> values;
    private final List<Optional<Tensor>> gradients;

    OverlappedStage(List<ParameterUnit> units, GatherRoom room, GradientRoom gradientRoom) {
        this.units = List.copyOf(units);
        this.room = room;
        this.gradientRoom = gradientRoom;
        this.values = room.values(this.units);
        this.gradients = gradientRoom.gradients(this.units);
    }

    /** Whether it can be gathered now: not all of its values have been gathered yet, and no values in its room are in use. */
    boolean canStart() {
        return !this.equals(room.gathered()) && room.isFree()
                && !units.stream().allMatch(unit -> unit.values().hasGathered());
    }

    void gather(Stream beside) {
        for (int i = 0; i < units.size(); i++) {
            if (!units.get(i).values().hasGathered()) {
                units.get(i).values().gatherBeside(beside, values.get(i));
            }
        }
        room.fill(this, beside.record());
    }

    /** The values of a unit, if the room has them; {@code main} waits for them. */
    Optional<Tensor> use(ParameterUnit unit, Stream main) {
        if (!this.equals(room.gathered())) {
            return Optional.empty();
        }
        room.use(main);
        return Optional.of(values.get(units.indexOf(unit)));
    }

    void leave() {
        room.leave();
    }

    Optional<Tensor> openGradients(ParameterUnit unit, Stream main) {
        return gradientRoom.openGradients(this, main) ? gradients.get(units.indexOf(unit)) : Optional.empty();
    }

    void reduced(Event done) {
        gradientRoom.reduced(done);
    }

    void endPass() {
        room.endPass();
        gradientRoom.endPass();
    }

    /** The values of its units may have changed. */
    void outdate() {
        room.forget();
    }
}
