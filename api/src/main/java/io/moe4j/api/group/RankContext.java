package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Settings;
import java.util.List;

/**
 * All that a rank has, passed explicitly. A rank is one thread; none of this is shared with another rank but the device and the rendezvous.
 *
 * @param world all ranks
 * @param device where it computes
 * @param stream its main stream
 * @param memory its planned memory
 * @param rendezvous how it meets the other ranks
 * @param plugInSettings what the configuration says to plug-ins; see {@link #settings}. Since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous,
        List<Settings> plugInSettings) {

    public RankContext {
        plugInSettings = List.copyOf(plugInSettings);
    }

    /** Without settings for plug-ins. */
    public RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous) {
        this(world, device, stream, memory, rendezvous, List.of());
    }

    /** With other settings for plug-ins. Since 0.2.0. */
    public RankContext withSettings(List<Settings> settings) {
        return new RankContext(world, device, stream, memory, rendezvous, settings);
    }

    /** What the table {@code [plugin.ID]} of the configuration says to the plug-in of this id; nothing if there is no such table. Since 0.2.0. */
    public Settings settings(String plugin) {
        return plugInSettings.stream().filter(settings -> settings.plugin().equals(plugin)).findFirst()
                .orElseGet(() -> Settings.none(plugin));
    }

    /** This rank's number in the world, from 0. */
    public int rank() {
        return world.rank();
    }
}
