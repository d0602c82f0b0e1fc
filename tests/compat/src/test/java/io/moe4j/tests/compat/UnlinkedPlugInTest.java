package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.spi.Availability.Unavailable;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Registry.LeftOut;
import io.moe4j.api.spi.Registry.Loaded;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Plug-ins of an accepted version that do not link with this host all the same: they are left out, or the run fails, and both versions and the
 * missing member are
 * named. Never a raw error of the JVM.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class UnlinkedPlugInTest {
    private static final String HOST = CommBackendProvider.SPI_VERSION;
    private static final String BOTH_VERSIONS = "it was built against version " + HOST
            + " of CommBackend, and this host has " + HOST;
    private static final String PROBE = "return Availability.available();";

    private Path work;

    @BeforeAll
    void keep(@TempDir Path folder) {
        work = folder;
    }

    /** The plug-in's host had {@code Int KernelArg.of(int)}; this one has {@code KernelArg KernelArg.of(int)}. */
    @Test
    void aMethodOfAnotherReturnTypeIsNamed() throws IOException {
        Path jar = jar(Sources.ofExample(),
                api -> api.edited(text -> text.replace("static KernelArg of(int value)", "static Int of(int value)")),
                file -> true);
        String reason = leftOut(jar);
        assertTrue(reason.startsWith("it does not link with this host: example.gatherall.GatherAll uses the method "
                + "KernelArg$Int io.moe4j.api.device.KernelArg.of(int), which this host does not have; "
                + BOTH_VERSIONS), reason);
        TwoSteps run = TwoSteps.run(Files.createTempDirectory(work, "run"), "gather_all", "--plugin-path",
                jar.toString());
        assertEquals(2, run.exit(), run.err());
        assertTrue(run.err().contains("KernelArg.of(int)") && run.err().contains(BOTH_VERSIONS), run.err());
    }

    @Test
    void aTypeThatIsGoneIsNamed() throws IOException {
        Path jar = jar(
                Sources.ofExample().replaced(PROBE,
                        "io.moe4j.api.device.Gone.call(); return Availability.available();"),
                api -> api.with("io/moe4j/api/device/Gone.java",
                        "package io.moe4j.api.device; public interface Gone { static void call() {} }"),
                file -> true);
        String reason = leftOut(jar);
        assertTrue(reason.contains("the class io.moe4j.api.device.Gone") && reason.contains(BOTH_VERSIONS), reason);
    }

    /** Its host did not have {@code capacityRows()} yet. */
    @Test
    void aMethodThatThisHostCallsIsNamed() throws IOException {
        Path jar = jar(
                Sources.ofExample().replaced("    @Override\n    public long capacityRows()",
                        "    private long capacityRows()"),
                api -> api.edited(text -> text.contains("interface CommBackend ")
                        ? text.replace("long capacityRows();", "")
                        : text).without("io/moe4j/api/comm/support/ForwardingCommBackend.java")
                        .without("io/moe4j/api/comm/support/ForwardingCommBackendProvider.java"),
                file -> true);
        String reason = leftOut(jar);
        assertTrue(reason.contains("example.gatherall.GatherAll does not implement"
                + " io.moe4j.api.comm.CommBackend.capacityRows(), which this host calls"), reason);
        assertTrue(reason.contains(BOTH_VERSIONS), reason);
    }

    /** A plug-in's own classes are loaded when they are used first: while a run is opened. */
    @Test
    void aClassThatItsJarLacksIsNamedWhenItIsUsed() throws IOException {
        Path jar = jar(Sources.ofExample(), api -> api, file -> !file.endsWith("GatherAllKernels.class"));
        TwoSteps run = TwoSteps.run(Files.createTempDirectory(work, "run"), "gather_all", "--plugin-path",
                jar.toString());
        assertEquals(2, run.exit(), run.err());
        assertTrue(run.err().contains("plug-in \"gather_all\" of " + jar + " does not link with this host: the class"
                + " example.gatherall.GatherAllKernels is missing; " + BOTH_VERSIONS), run.err());
        assertFalse(run.err().contains("\tat "), run.err());
    }

    @Test
    void aClassThatItsProbeLacksIsNamed() throws IOException {
        Path jar = jar(
                Sources.ofExample().replaced(PROBE, "Gone.call(); return Availability.available();").with(
                        "example/gatherall/Gone.java",
                        "package example.gatherall; interface Gone { static void call() {} }"),
                api -> api, file -> !file.endsWith("Gone.class"));
        Loaded loaded = Plugins.load(List.of(jar)).entries().stream().filter(Loaded.class::isInstance)
                .map(Loaded.class::cast).filter(entry -> entry.id().equals("gather_all")).findFirst().orElseThrow();
        Unavailable answer = assertInstanceOf(Unavailable.class, loaded.probe());
        assertTrue(answer.reason().contains("the class example.gatherall.Gone is missing; " + BOTH_VERSIONS),
                answer.reason());
    }

    private Path jar(Sources plugIn, UnaryOperator<Sources> api, Predicate<String> packed) throws IOException {
        Path folder = Files.createTempDirectory(work, "case");
        return PlugInJar.write(plugIn, OtherVersion.of(HOST, api, folder.resolve("api")), folder,
                folder.resolve("plugins/gather_all.jar"), packed);
    }

    private static String leftOut(Path jar) {
        Registry registry = Plugins.load(List.of(jar));
        return registry.entries().stream().filter(LeftOut.class::isInstance).map(LeftOut.class::cast)
                .filter(entry -> entry.jar().equals(jar.toString())).map(LeftOut::reason).findFirst()
                .orElseThrow(() -> new AssertionError("it was not left out: " + registry.entries()));
    }
}
