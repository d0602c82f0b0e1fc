package io.moe4j.api.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ResourcesTest {
    private final List<String> closed = new ArrayList<>();

    /** A resource that records its close, and may throw. */
    private final class Part implements AutoCloseable {
        private final String name;
        private final boolean broken;

        Part(String name, boolean broken) {
            this.name = name;
            this.broken = broken;
        }

        @Override
        public void close() throws IOException {
            closed.add(name);
            if (broken) {
                throw new IOException(name + " is stuck");
            }
        }
    }

    @Test
    void theLatestIsClosedFirstAndOnce() {
        Resources resources = new Resources("test");
        resources.add(new Part("a", false));
        resources.add(new Part("b", false));
        resources.close();
        resources.close();
        assertEquals(List.of("b", "a"), closed);
    }

    @Test
    void closingGoesOnAfterFailures() {
        Resources resources = new Resources("test");
        resources.add(new Part("a", true));
        resources.add(new Part("b", false));
        resources.add(new Part("c", true));
        IllegalStateException failure = assertThrows(IllegalStateException.class, resources::close);
        assertEquals(List.of("c", "b", "a"), closed);
        assertEquals("test: Part could not be closed: c is stuck", failure.getMessage());
        assertEquals("a is stuck", failure.getSuppressed()[0].getMessage());
        resources.close();
    }

    /** A class without a name of its own had none in the message. */
    @Test
    void anAnonymousOneIsToldByTheClassAroundIt() {
        Resources resources = new Resources("test");
        resources.add(new AutoCloseable() {
            @Override
            public void close() throws IOException {
                throw new IOException("it is stuck");
            }
        });
        assertEquals("test: ResourcesTest could not be closed: it is stuck",
                assertThrows(IllegalStateException.class, resources::close).getMessage());
    }

    @Test
    void whatWasOpenedHalfWayIsClosed() {
        IllegalArgumentException reason = new IllegalArgumentException("no");
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class,
                () -> Resources.open("test", resources -> {
                    resources.add(new Part("a", true));
                    throw reason;
                }));
        assertSame(reason, thrown);
        assertEquals(List.of("a"), closed);
        assertTrue(thrown.getSuppressed()[0].getMessage().contains("a is stuck"));
    }

    @Test
    void whatWasOpenedStaysOpen() {
        Part part = Resources.open("test", resources -> resources.add(new Part("a", false)));
        assertEquals("a", part.name);
        assertEquals(List.of(), closed);
    }
}
