package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Memory for the gathered values of one stage at a time: either shared by several stages, and as large as the largest of them, or of one stage whose units
 * {@linkplain ParameterUnit#keepGathered keep} what they gather, until their values change.
 */
final class GatherRoom {
    static final String PURPOSE = "parameters gathered ahead";

    private final @Nullable Memory shared;
    private @Nullable OverlappedStage gathered;
    private @Nullable Event ready;
    private int uses;

    private GatherRoom(@Nullable Memory shared) {
        this.shared = shared;
    }

    /** Memory that these stages share. */
    static GatherRoom shared(Device device, List<List<ParameterUnit>> stages, Resources resources) {
        return new GatherRoom(
                resources.add(device.allocate(GradientRoom.largest(stages, GatherRoom::sharedBytes), PURPOSE)));
    }

    /** For one stage whose units keep what they gather in memory of their own. */
    static GatherRoom kept() {
        return new GatherRoom(null);
    }

    /** Tensors for the values of these units: in their own memory, or one after the other in the shared memory. */
    List<Tensor> values(List<ParameterUnit> units) {
        List<Tensor> places = new ArrayList<>();
        long at = 0;
        for (ParameterUnit unit : units) {
            long from = at;
            places.add(unit.values().place().orElseGet(() -> Tensor.of(Objects.requireNonNull(shared), from,
                    unit.values().type(), unit.elements())));
            at += MemoryStack.aligned(sharedBytes(unit));
        }
        return List.copyOf(places);
    }

    private static long sharedBytes(ParameterUnit unit) {
        return unit.values().place().isPresent() ? 0 : unit.values().bytes();
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

    /** Called after the main stream has waited for the communication stream. Forgets values in shared memory. */
    void endPass() {
        ready = null;
        if (shared != null) {
            gathered = null;
        }
    }

    /** Forgets the values that are here. */
    void forget() {
        ready = null;
        gathered = null;
    }
}
