package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Provider;
import java.util.Map;

/**
 * The SPI of collective communication.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface CollectivesProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. In 1.2, collectives need not count the bytes that they send, and may be concurrent. */
    String SPI_VERSION = "1.2";

    /** Whether the collectives run on devices of this kind. */
    boolean supports(DeviceKind kind);

    /** Whether the operations may be captured, all except {@code allToAllV}. */
    boolean capturable();

    /**
     * Whether a rank may open collectives twice for the same ranks, with different group names, and run both at the same time, each on its own stream. All
     * ranks enqueue the work of both streams in the same order. Since SPI 1.2.
     *
     * @since 0.3.0
     */
    default boolean concurrent() {
        return false;
    }

    /**
     * Bytes of device memory by purpose that the collectives of one rank take while they are open in a group of {@code ranks}. Plans use it. Since
     * SPI 1.1.
     */
    default Map<String, Long> deviceMemory(int ranks) {
        return Map.of();
    }

    /**
     * The same for a group whose ranks are in several processes. They may need more memory than threads of one process, because they exchange data through
     * memory that all processes have mapped. Since SPI 1.2.
     *
     * @since 0.3.0
     */
    default Map<String, Long> deviceMemoryOfProcesses(int ranks) {
        return deviceMemory(ranks);
    }

    /** Opens the collectives of one rank of a group; every rank of the group calls this. */
    Collectives open(Group group, RankContext context);
}
