package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.SpiVersion;

/** The rules of providers of any SPI. */
final class ProviderChecks {

    private ProviderChecks() {}

    /**
     * Checks id, version and probe. The provider must be available on this machine.
     *
     * @param hostVersion the version of its SPI here
     */
    static void isWellBehaved(Provider provider, String hostVersion) {
        assertTrue(provider.id().matches("[a-z0-9_]+"), provider.id());
        assertEquals(SpiVersion.Compatibility.COMPATIBLE,
                SpiVersion.parse(hostVersion).accepts(SpiVersion.parse(provider.spiVersion())));
        assertInstanceOf(Availability.Available.class, provider.probe());
    }
}
