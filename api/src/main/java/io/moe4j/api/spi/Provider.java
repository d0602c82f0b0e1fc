package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * The entry point of every plug-in: stateless, found with {@link java.util.ServiceLoader}. Its constructor and {@link #probe()} have no side effects;
 * work begins with the {@code open} method of its SPI, whose result must be closed.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public interface Provider {

    /** The name with which a configuration selects it: lower case, digits and underscores, unique within its SPI. */
    String id();

    /**
     * The version of the SPI that the plug-in was built against. Implement it as {@code return XProvider.SPI_VERSION;}: the compiler copies the
     * constant into the plug-in, so the value is the version at build time, not that of the host.
     */
    String spiVersion();

    /** One line for people. */
    String description();

    /**
     * The plug-in's own settings, in the table {@code [plugin.ID]} of a configuration; any other key in that table is an error.
     * {@link io.moe4j.api.group.RankContext#settings} has their values. Since 0.2.0.
     */
    default List<Setting<?>> settings() {
        return List.of();
    }

    /** Whether the plug-in could be opened on this machine, and if not, why and what to do. Never throws, never opens anything. */
    Availability probe();
}
