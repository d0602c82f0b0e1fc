package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.trainer.config.MemoryBudget;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Whether ranks have additional streams for communication while the main stream computes. All ranks make the same decision, from values on which they agree.
 *
 * <p>Ranks that share a GPU have none. A GPU has fewer hardware queues than these ranks have streams, so two streams may share a queue. A barrier of one rank
 * could then block the queue before the barrier of another rank for which it waits: a deadlock.
 *
 * @param isOn whether ranks have such streams
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public record Overlapping(boolean isOn) {
    static final Overlapping ON = new Overlapping(true);
    static final Overlapping OFF = new Overlapping(false);

    /** What a configuration asks for. */
    public enum Wanted {
        /** It is on. */
        YES,
        /** It is off. */
        NO,
        /** Overlap is on if the memory budget then keeps as much as without overlap. */
        IF_ROOM;

        /**
         * The decision, which is the same on all ranks because their plans are the same.
         *
         * @param kept what ranks keep with and without overlap; called only for {@link #IF_ROOM}
         */
        public Overlapping decide(Function<Overlapping, Optional<RecomputePlan>> kept) {
            return switch (this) {
                case YES -> ON;
                case NO -> OFF;
                case IF_ROOM -> kept.apply(ON)
                        .filter(with -> with.budgetBytes() > 0
                                && kept.apply(OFF).filter(with::keepsTheSameAs).isPresent())
                        .isPresent() ? ON : OFF;
            };
        }
    }

    /** What a plan assumes: each rank has a device of its own, and is a thread of one process. */
    public static Wanted planned(TrainerConfig config, Providers providers) {
        boolean possible = config.ranks() > 1 && providers.collectives().concurrent();
        return !possible ? Wanted.NO : switch (config.training().overlap()) {
            case ON -> Wanted.YES;
            case OFF -> Wanted.NO;
            case AUTO -> config.runtime().devices() >= config.ranks()
                    && !providers.device().kind().equals(DeviceKind.CPU) && providers.recompute().takesBudget()
                    && config.activationCheckpoint().memoryBudget() instanceof MemoryBudget.Auto ? Wanted.IF_ROOM
                            : Wanted.NO;
        };
    }

    /**
     * What a run asks for. All processes call this at the same time.
     *
     * @param devices the device of each rank of this process
     * @throws InputException if overlap was asked for and is not possible
     */
    static Wanted of(TrainerConfig config, Providers providers, RankLaunch launch, Map<Integer, Device> devices) {
        Wanted planned = planned(config, providers);
        if (planned == Wanted.NO || providers.device().kind().equals(DeviceKind.CPU)) {
            return planned;
        }
        List<String> names = DeviceNames.exchange(launch, devices);
        List<String> shared = names.stream().filter(name -> Collections.frequency(names, name) > 1).distinct().toList();
        if (planned == Wanted.YES && !shared.isEmpty()) {
            String name = shared.getFirst();
            throw new InputException("training.overlap = \"on\", and " + Collections.frequency(names, name)
                    + " ranks share the device \"" + name
                    + "\": each rank needs a GPU of its own. Set training.overlap to"
                    + " auto or off, or use more devices (runtime.devices)");
        }
        return shared.isEmpty() ? planned : Wanted.NO;
    }
}
