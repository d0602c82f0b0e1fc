package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Provider;
import java.util.Map;

/** The SPI of collective communication. */
@Stability(Stability.Level.EVOLVING)
public interface CollectivesProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. */
    String SPI_VERSION = "1.1";

    /** Whether it runs on devices of this kind. */
    boolean supports(DeviceKind kind);

    /** Whether its operations, but {@code allToAllV}, may be captured. */
    boolean capturable();

    /** Bytes of device memory by purpose that it takes when it is open for one rank of a group of {@code ranks}, for plans. Since SPI 1.1. */
    default Map<String, Long> deviceMemory(int ranks) {
        return Map.of();
    }

    /** Opens it for one rank of a group; every rank of the group does. */
    Collectives open(Group group, RankContext context);
}
