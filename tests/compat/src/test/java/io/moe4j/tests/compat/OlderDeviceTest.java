package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.spi.Registry;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A device plug-in compiled against SPI 1.0, which could not say how many devices there are: it is accepted, and ranks are spread over its devices
 * nevertheless. Its devices are CPU devices, any number of them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OlderDeviceTest {
    /** Matches from the comment to the end of the method. */
    private static final Pattern DEVICE_COUNT = Pattern
            .compile("    /\\*\\*[^/]*?\\*/\\s+default OptionalInt deviceCount\\(\\) \\{[^}]*}\\n");
    private static final Pattern LOSS = Pattern.compile("\"loss\":\\s*([^,}]+)");

    private static final String MODULE = """
            module outside.cpus {
                requires io.moe4j.api;
                uses io.moe4j.api.device.DeviceProvider;
                provides io.moe4j.api.device.DeviceProvider with outside.cpus.CpusProvider;
            }
            """;
    private static final String PROVIDER = """
            package outside.cpus;

            import io.moe4j.api.device.Device;
            import io.moe4j.api.device.DeviceConfig;
            import io.moe4j.api.device.DeviceKind;
            import io.moe4j.api.device.DeviceProvider;
            import io.moe4j.api.device.WorkspaceSizes;
            import io.moe4j.api.spi.Availability;
            import java.util.ServiceLoader;

            public final class CpusProvider implements DeviceProvider {

                private static DeviceProvider cpu() {
                    return ServiceLoader.load(CpusProvider.class.getModule().getLayer(), DeviceProvider.class).stream()
                            .filter(found -> found.type().getSimpleName().equals("CpuDeviceProvider")).findFirst()
                            .orElseThrow().get();
                }

                public String id() {
                    return "cpus";
                }

                public String spiVersion() {
                    return SPI_VERSION;
                }

                public String description() {
                    return "CPU devices, as many as one likes";
                }

                public Availability probe() {
                    return Availability.available();
                }

                public DeviceKind kind() {
                    return DeviceKind.CPU;
                }

                public String captureId() {
                    return "cpu";
                }

                public WorkspaceSizes workspaceSizes() {
                    return cpu().workspaceSizes();
                }

                public Device open(DeviceConfig config) {
                    return cpu().open(config.withOrdinal(0));
                }
            }
            """;

    private Path work;
    private Path jar;

    @BeforeAll
    void makeJar(@TempDir Path folder) throws IOException {
        work = folder;
        jar = PlugInJar.write(
                new Sources(Map.of("module-info.java", MODULE, "outside/cpus/CpusProvider.java", PROVIDER)),
                OtherVersion.of("1.0", OlderDeviceTest::withoutCount, folder.resolve("api")), folder,
                folder.resolve("plugins/cpus.jar"));
    }

    private static Sources withoutCount(Sources api) {
        Sources older = api.edited(text -> DEVICE_COUNT.matcher(text).replaceAll(""));
        String provider = older.files().get("io/moe4j/api/device/DeviceProvider.java");
        assertFalse(provider.contains("deviceCount"), provider);
        return older;
    }

    @Test
    void itCannotTellHowManyDevicesThereAre() {
        Registry registry = Plugins.load(List.of(jar));
        DeviceProvider provider = registry.get(DeviceProvider.class, "cpus");
        assertEquals("1.0", provider.spiVersion());
        assertEquals(OptionalInt.empty(), provider.deviceCount());
        assertEquals(OptionalInt.of(1), registry.get(DeviceProvider.class, "cpu").deviceCount());
    }

    /** The bits do not depend on which rank computes on which device. */
    @Test
    void ranksAreSpreadOverItsDevices() throws IOException {
        List<String> losses = train(1, "--device", "cpu");
        assertEquals(2, losses.size());
        assertEquals(losses, train(2, "--device", "cpus", "--runtime.devices", "2"));
        assertEquals(losses, train(4, "--device", "cpus", "--runtime.devices", "4", "--graph_capture.enable", "false"));
    }

    /** Without this check, it would round to the nearest, with no error. */
    @Test
    void stochasticRoundingIsRefused() {
        String refusal = refusal("--training.parameter_dtype", "bfloat16", "--optimizer.parameter_rounding",
                "stochastic");
        assertTrue(refusal.contains("optimizer.parameter_rounding = \"stochastic\", device = \"cpus\"")
                && refusal.contains("built against version 1.0"), refusal);
    }

    /** Without this check, its attention would ignore where documents begin. */
    @Test
    void documentBoundariesAreRefused() {
        String refusal = refusal("--data.document_boundaries", "true");
        assertTrue(refusal.contains("data.document_boundaries = true, device = \"cpus\"")
                && refusal.contains(
                        "built against version 1.0 of its SPI, and only those of 1.4 and later keep documents"),
                refusal);
    }

    private String refusal(String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--plugin-path", jar.toString(), "--output",
                work.resolve("refused").toString(), "--device", "cpus"));
        arguments.addAll(List.of(more));
        StringWriter err = new StringWriter();
        assertEquals(2, Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err),
                arguments.toArray(String[]::new)), err::toString);
        return err.toString();
    }

    private List<String> train(int devices, String... more) throws IOException {
        Path output = Files.createTempDirectory(work, "run");
        List<String> arguments = new ArrayList<>(List.of("train", "--plugin-path", jar.toString(), "--output",
                output.toString(), "--checkpoint.enable", "false", "--model.from", Sources.tinyModel(),
                "--data.tokenizer", "bytes", "--ranks", "4",
                "--parallelism.expert_parallel_degree", "2", "--training.seq_len",
                "32", "--training.steps", "2", "--lr_scheduler.warmup_steps", "1"));
        arguments.addAll(List.of(more));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
        assertEquals(0, exit, err::toString);
        assertEquals(devices, out.toString().lines().filter(line -> line.startsWith("device ")).count(), out::toString);
        return Files.readAllLines(output.resolve("metrics.jsonl")).stream().map(LOSS::matcher).filter(Matcher::find)
                .map(found -> found.group(1)).toList();
    }
}
