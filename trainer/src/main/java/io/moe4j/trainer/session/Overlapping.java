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
 * Whether ranks have streams beside the main one, for what crosses links while the main stream computes. All ranks decide alike, from values that they
 * agree on.
 *
 * <p>Ranks that share a GPU have none. Their kernels go through queues of that GPU, of which there are fewer than streams. So a barrier of one rank might
 * be queued before the barrier of another rank that it waits for, and neither would end.
 *
 * @param isOn whether they have them
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public record Overlapping(boolean isOn) {
    static final Overlapping ON = new Overlapping(true);
    static final Overlapping OFF = new Overlapping(false);

    /** What a configuration wants. */
    public enum Wanted {
        /** It is on. */
        YES,
        /** It is off. */
        NO,
        /** It is on if the memory budget then keeps no less than without it. */
        IF_ROOM;

        /**
         * The decision. All ranks come to the same one, since their plans are the same.
         *
         * @param kept what ranks keep with and without it; asked only if that decides
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

    /** What is wanted, for plans: as if each rank had a device of its own, and were a thread of one process. */
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
     * What is wanted in a run. All processes call this at the same time.
     *
     * @param devices the device of each rank of this process
     * @throws InputException if it was asked for and is not possible
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
