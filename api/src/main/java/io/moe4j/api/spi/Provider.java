package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * What every plug-in offers: a stateless entry point, found with {@link java.util.ServiceLoader}. Making one, and {@link #probe()}, have
 * no side effects; work begins with the {@code open} method of its SPI, which returns something to be closed.
 */
@Stability(Stability.Level.STABLE)
public interface Provider {

    /** The name that a configuration selects it by: lower case, digits and underscores, unique within its SPI. */
    String id();

    /**
     * The version of the SPI that it was built against. Implement it as {@code return XProvider.SPI_VERSION;}: the compiler copies the
     * constant into the plug-in, so that it tells the version of then, not of the host.
     */
    String spiVersion();

    /** One line for people. */
    String description();

    /**
     * The settings of its own, which stand in the table {@code [plugin.ID]} of a configuration; a key that is not among them is an error there. What they
     * are set to is in {@link io.moe4j.api.group.RankContext#settings}. Since 0.2.0.
     */
    default List<Setting<?>> settings() {
        return List.of();
    }

    /** Whether it could be opened on this machine, and if not, why and what to do. Never throws, never opens anything. */
    Availability probe();
}
