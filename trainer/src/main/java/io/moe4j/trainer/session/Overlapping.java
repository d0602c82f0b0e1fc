package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.trainer.config.Overlap;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.Collections;
import java.util.List;
import java.util.Map;

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
    static final Overlapping OFF = new Overlapping(false);

    /** The answer for plans: as if each rank had a device of its own. */
    public static Overlapping planned(TrainerConfig config, Providers providers) {
        return new Overlapping(config.ranks() > 1 && providers.collectives().concurrent()
                && switch (config.training().overlap()) {
                    case ON -> true;
                    case OFF -> false;
                    case AUTO -> false;
                });
    }

    /**
     * The answer for a run. All processes call this at the same time.
     *
     * @param devices the device of each rank of this process
     * @throws InputException if it was asked for and is not possible
     */
    static Overlapping of(TrainerConfig config, Providers providers, RankLaunch launch, Map<Integer, Device> devices) {
        Overlapping planned = planned(config, providers);
        if (!planned.isOn || providers.device().kind().equals(DeviceKind.CPU)) {
            return planned;
        }
        List<String> names = DeviceNames.exchange(launch, devices);
        List<String> shared = names.stream().filter(name -> Collections.frequency(names, name) > 1).distinct().toList();
        if (config.training().overlap() == Overlap.ON && !shared.isEmpty()) {
            String name = shared.getFirst();
            throw new InputException("training.overlap = \"on\", and " + Collections.frequency(names, name)
                    + " ranks share the device \"" + name
                    + "\": each rank needs a GPU of its own. Set training.overlap to"
                    + " auto or off, or use more devices (runtime.devices)");
        }
        return new Overlapping(shared.isEmpty());
    }
}
