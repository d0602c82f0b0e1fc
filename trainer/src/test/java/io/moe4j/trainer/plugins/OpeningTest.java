package io.moe4j.trainer.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import org.junit.jupiter.api.Test;

class OpeningTest {
    private static final String NAMED = "the plug-in \"acme\"";

    /** A plug-in. */
    private static final class Acme implements Provider {
        @Override
        public String id() {
            return "acme";
        }

        @Override
        public String spiVersion() {
            return "1.0";
        }

        @Override
        public String description() {
            return "for this test";
        }

        @Override
        public Availability probe() {
            return Availability.available();
        }
    }

    @Test
    void aFaultOfAPlugInNamesIt() {
        IllegalStateException told = assertThrows(IllegalStateException.class, () -> Opening.of(new Acme(), () -> {
            throw new IllegalArgumentException("bad thing");
        }));
        assertEquals(NAMED + " could not be opened: java.lang.IllegalArgumentException: bad thing"
                + Asking.report(new Acme()), told.getMessage());
        assertEquals("bad thing", told.getCause().getMessage());
    }

    @Test
    void nothingIsNoResult() {
        IllegalStateException told = assertThrows(IllegalStateException.class,
                () -> Opening.of(new Acme(), () -> null));
        assertEquals(
                NAMED + " returned null from open(...); let it return what it opened, or throw a DeviceException that"
                        + " says why it cannot be opened" + Asking.report(new Acme()),
                told.getMessage());
    }

    /** What says enough by itself stays as it is: a refusal that was meant, and a message that names the plug-in. */
    @Test
    void whatSaysEnoughIsPassedOn() {
        for (RuntimeException meant : new RuntimeException[] {new DeviceException("no room"),
                new IllegalArgumentException("acme takes rows of F32 only")}) {
            assertSame(meant, assertThrows(RuntimeException.class, () -> Opening.of(new Acme(), () -> {
                throw meant;
            })));
        }
        assertEquals("opened", Opening.of(new Acme(), () -> "opened"));
    }
}
