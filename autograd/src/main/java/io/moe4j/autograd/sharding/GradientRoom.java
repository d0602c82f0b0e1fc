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

/** Memory for gradients of one stage at a time, until they are reduced. It is as large as the largest of the stages that share it. */
final class GradientRoom {
    static final String PURPOSE = "gradients that are being reduced";

    private final Memory gradients;
    private @Nullable OverlappedStage open;
    private @Nullable Event reduced;
    private int openUnits;

    private GradientRoom(Memory gradients) {
        this.gradients = gradients;
    }

    static GradientRoom open(Device device, List<List<ParameterUnit>> stages, Resources resources) {
        return new GradientRoom(
                resources.add(device.allocate(largest(stages, ParameterUnit::gradientBytes), PURPOSE)));
    }

    /** Memory for the sum over ranks of one unit's gradients, before it is added to the sum of earlier microbatches. */
    static Optional<Tensor> sums(Device device, Collection<ParameterUnit> units, Resources resources) {
        long bytes = units.stream().filter(unit -> !unit.isFrozen()).mapToLong(unit -> unit.gradientShard().bytes())
                .max().orElse(0);
        // Only its memory is used: each unit makes a tensor of its gradients' type there.
        return bytes == 0 ? Optional.empty()
                : Optional.of(Tensor.of(resources.add(device.allocate(bytes, PURPOSE)), 0, DType.BF16,
                        bytes / DType.BF16.bytes()));
    }

    /** The bytes of the largest stage, where each unit begins at an aligned address. */
    static long largest(List<List<ParameterUnit>> stages, ToLongFunction<ParameterUnit> bytes) {
        return stages.stream()
                .mapToLong(
                        units -> units.stream().mapToLong(unit -> MemoryStack.aligned(bytes.applyAsLong(unit))).sum())
                .max().orElse(0);
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

    /**
     * Begins writing the gradients of a stage, once the earlier gradients in this memory have been reduced. False if gradients of another stage are being
     * written.
     */
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

    /** Called after the main stream has waited for the stream for communication. */
    void endPass() {
        reduced = null;
    }
}
