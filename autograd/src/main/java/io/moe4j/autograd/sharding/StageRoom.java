package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Memory for the gathered values of one stage at a time, and for gradients of one stage at a time, which may be another one. It is as large as the largest
 * of the stages that share it.
 */
final class StageRoom {
    static final String VALUES = "parameters gathered ahead";
    static final String GRADIENTS = "gradients that are being reduced";

    private final Memory values;
    private final Memory gradients;
    private @Nullable OverlappedStage gathered;
    private @Nullable OverlappedStage open;
    private @Nullable Event ready;
    private @Nullable Event reduced;
    private int uses;
    private int openUnits;

    private StageRoom(Memory values, Memory gradients) {
        this.values = values;
        this.gradients = gradients;
    }

    static StageRoom open(Device device, List<List<ParameterUnit>> stages, Resources resources) {
        return new StageRoom(
                resources.add(device.allocate(largest(stages, ParameterUnit::gatheredBytes), VALUES)),
                resources.add(device.allocate(largest(stages, ParameterUnit::gradientBytes), GRADIENTS)));
    }

    /** Memory for the sum over ranks of any unit, before it is added to that of earlier microbatches. */
    static Optional<Tensor> sums(Device device, Collection<ParameterUnit> units, Resources resources) {
        long bytes = units.stream().filter(unit -> !unit.isFrozen()).mapToLong(unit -> unit.gradientShard().bytes())
                .max().orElse(0);
        // Only its memory is used: each unit makes a tensor of its gradients' type there.
        return bytes == 0 ? Optional.empty()
                : Optional.of(Tensor.of(resources.add(device.allocate(bytes, GRADIENTS)), 0, DType.BF16,
                        bytes / DType.BF16.bytes()));
    }

    private static long largest(List<List<ParameterUnit>> stages, ToLongFunction<ParameterUnit> bytes) {
        return stages.stream()
                .mapToLong(
                        units -> units.stream().mapToLong(unit -> MemoryStack.aligned(bytes.applyAsLong(unit))).sum())
                .max().orElse(0);
    }

    /** Places for the values of these units, one after the other. */
    List<Tensor> values(List<ParameterUnit> units) {
        List<Tensor> places = new ArrayList<>();
        long at = 0;
        for (ParameterUnit unit : units) {
            places.add(Tensor.of(values, at, unit.gatheredType(), unit.elements()));
            at += MemoryStack.aligned(unit.gatheredBytes());
        }
        return List.copyOf(places);
    }

    /** Places for the gradients of these units; none for those that are frozen. */
    List<Optional<Tensor>> gradients(List<ParameterUnit> units) {
        List<Optional<Tensor>> places = new ArrayList<>();
        long at = 0;
        for (ParameterUnit unit : units) {
            places.add(unit.isFrozen() ? Optional.empty()
                    : Optional.of(Tensor.of(gradients, at, DType.F32, unit.elements())));
            at += MemoryStack.aligned(unit.gradientBytes());
        }
        return List.copyOf(places);
    }

    /** The stage whose values are here. */
    @Nullable
    OverlappedStage gathered() {
        return gathered;
    }

    /** Whether no values here are in use. */
    boolean isFree() {
        return uses == 0;
    }

    void fill(OverlappedStage stage, Event done) {
        gathered = stage;
        ready = done;
    }

    /** The main stream waits for the values, and uses them. */
    void use(Stream main) {
        if (ready != null) {
            main.await(ready);
            ready = null;
        }
        uses++;
    }

    void leave() {
        uses--;
    }

    /** Begins to write gradients of a stage, after those that were here before have been reduced; false if gradients of another stage are being written. */
    boolean openGradients(OverlappedStage stage, Stream main) {
        if (openUnits > 0 && !stage.equals(open)) {
            return false;
        }
        if (reduced != null) {
            main.await(reduced);
            reduced = null;
        }
        open = stage;
        openUnits++;
        return true;
    }

    void reduced(Event done) {
        reduced = done;
        openUnits--;
    }

    /** Forgets the values that are here. Called after the main stream has waited for the stream for communication. */
    void forget() {
        gathered = null;
        ready = null;
        reduced = null;
    }
}
