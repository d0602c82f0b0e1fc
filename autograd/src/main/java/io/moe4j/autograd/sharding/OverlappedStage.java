package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The overlapped units of a stage, which are gathered and reduced in one {@link StageRoom}. */
final class OverlappedStage {
    private final List<ParameterUnit> units;
    private final StageRoom room;
    private final List<Tensor> values;
    private final List<Optional<Tensor>> gradients;

    OverlappedStage(List<ParameterUnit> units, StageRoom room) {
        this.units = List.copyOf(units);
        this.room = room;
        this.values = room.values(this.units);
        this.gradients = room.gradients(this.units);
    }

    /** Whether it can be gathered now: its values are not in the room yet, and no values there are in use. */
    boolean canStart() {
        return !this.equals(room.gathered()) && room.isFree();
    }

    void gather(Stream beside) {
        for (int i = 0; i < units.size(); i++) {
            units.get(i).gatherBeside(beside, values.get(i));
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
        return room.openGradients(this, main) ? gradients.get(units.indexOf(unit)) : Optional.empty();
    }

    void reduced(Event done) {
        room.reduced(done);
    }

    void forget() {
        room.forget();
    }
}
