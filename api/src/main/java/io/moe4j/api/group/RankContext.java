package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Settings;
import io.moe4j.api.trace.Spans;
import java.util.List;
import java.util.Optional;

/**
 * Everything that belongs to one rank, passed explicitly. A rank is one thread; only the device and the rendezvous are shared with other ranks.
 *
 * @param world all ranks
 * @param device the device on which the rank computes
 * @param stream its main stream
 * @param memory its planned memory
 * @param rendezvous exchanges values with the other ranks
 * @param plugInSettings the configuration's settings of plug-ins; see {@link #settings}. Since 0.2.0
 * @param spans records what the rank is doing, for profiles. Since 0.3.0
 * @param communication a second stream, for communication while the main stream computes; absent if nothing may run at the same time as the main
 *     stream. Its work is ordered by events only: it begins by awaiting an event of the main stream, and the main stream awaits an event of it before
 *     using the results, giving back memory that this work uses, or ending a capture. All ranks submit work to both streams in the same order. Since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous,
        List<Settings> plugInSettings, Spans spans, Optional<Stream> communication) {

    public RankContext {
        plugInSettings = List.copyOf(plugInSettings);
    }

    /** Without a stream for communication. */
    public RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous,
            List<Settings> plugInSettings, Spans spans) {
        this(world, device, stream, memory, rendezvous, plugInSettings, spans, Optional.empty());
    }

    /** Without spans. */
    public RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous,
            List<Settings> plugInSettings) {
        this(world, device, stream, memory, rendezvous, plugInSettings, Spans.none());
    }

    /** Without settings for plug-ins, and without spans. */
    public RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous) {
        this(world, device, stream, memory, rendezvous, List.of());
    }

    /** Without settings for plug-ins. */
    public static RankContext of(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous) {
        return new RankContext(world, device, stream, memory, rendezvous, List.of());
    }

    /** With other settings for plug-ins. Since 0.2.0. */
    public RankContext withSettings(List<Settings> settings) {
        return new RankContext(world, device, stream, memory, rendezvous, settings, spans, communication);
    }

    /** With another recorder of spans. Since 0.3.0. */
    public RankContext withSpans(Spans value) {
        return new RankContext(world, device, stream, memory, rendezvous, plugInSettings, value, communication);
    }

    /** With a stream for communication beside the main one. Since 0.3.0. */
    public RankContext withCommunication(Stream beside) {
        return new RankContext(world, device, stream, memory, rendezvous, plugInSettings, spans, Optional.of(beside));
    }

    /** The settings in the table {@code [plugin.ID]} of the configuration for the plug-in with this id; empty if there is no such table. Since 0.2.0. */
    public Settings settings(String plugin) {
        return plugInSettings.stream().filter(settings -> settings.plugin().equals(plugin)).findFirst()
                .orElseGet(() -> Settings.none(plugin));
    }

    /** This rank's number in the world, from 0. */
    public int rank() {
        return world.rank();
    }
}
