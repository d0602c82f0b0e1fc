package io.moe4j.api.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AskingTest {

    /** A plug-in with this id. */
    private record Named(String id) implements Provider {
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

    private static final Named ACME = new Named("acme");
    private static final String REPORT = "; report this to the author of io.moe4j.api.spi.AskingTest$Named ("
            + ProviderFacts.jar(Named.class) + ")";

    @Test
    void aFaultOfAnAnswerNamesThePlugInAndTheMethod() {
        IllegalStateException told = assertThrows(IllegalStateException.class, () -> Asking.of(ACME, "supports", _ -> {
            throw new NullPointerException("kind");
        }));
        assertEquals("the plug-in \"acme\" failed in its method supports(): java.lang.NullPointerException: kind"
                + REPORT, told.getMessage());
        IllegalStateException nothing = assertThrows(IllegalStateException.class,
                () -> Asking.of(ACME, "requirements", _ -> null));
        assertEquals("the plug-in \"acme\" returned null from its method requirements(); let it return a value"
                + REPORT, nothing.getMessage());
        assertTrue(REPORT.contains("classes)"), "the place of the class: " + REPORT);
        DeviceException meant = new DeviceException("no room");
        assertSame(meant, assertThrows(DeviceException.class, () -> Asking.of(ACME, "supports", _ -> {
            throw meant;
        })));
        assertEquals("yes", Asking.of(ACME, "supports", _ -> "yes"));
    }

    @Test
    void aPlugInThatFailsIsNamedIfNoOtherFits() {
        Asking.Answers<Named, String> answers = Asking.all(List.of(new Named("a"), new Named("null"), ACME), "types",
                each -> switch (each.id()) {
                    case "a" -> throw new NoClassDefFoundError("Gone");
                    case "null" -> null;
                    default -> "deepseek";
                });
        assertEquals(Map.of(ACME, "deepseek"), answers.given());
        assertEquals(Optional.of(ACME), answers.first("deepseek"::equals));
        assertEquals(Optional.empty(), answers.first("llama"::equals));
        assertEquals("; the plug-in \"a\" failed in its method types(): java.lang.NoClassDefFoundError: Gone"
                + REPORT
                + "; the plug-in \"null\" failed in its method types(): java.lang.IllegalArgumentException: its method types()"
                + " returned null; let it return a value" + REPORT,
                answers.failed());
        assertEquals("", Asking.all(List.of(ACME), "types", _ -> "x").failed());
    }

    @Test
    void oneThatCannotAnswerIsNotAmongThoseThatSayYes() {
        List<Named> all = List.of(new Named("throws"), ACME, new Named("not linked"), new Named("no"), new Named("b"));
        assertEquals(List.of(ACME, new Named("b")), Asking.able(all, "supports", each -> switch (each.id()) {
            case "throws" -> throw new IllegalStateException("broken");
            case "not linked" -> throw new NoClassDefFoundError("Gone");
            default -> !each.id().equals("no");
        }));
    }
}
