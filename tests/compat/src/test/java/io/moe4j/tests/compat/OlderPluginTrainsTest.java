package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackendProvider;
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
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example of the documentation, compiled against SPI 1.0, in which a communication backend had no statistics: it is found on the plug-in path, selected
 * by its id, and trains.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OlderPluginTrainsTest {
    /** Matches from the comment to the end of the method. */
    private static final Pattern STATISTICS = Pattern
            .compile("    /\\*\\*[^/]*?\\*/\\s+default [^;{]*tatistics\\(\\) \\{[^}]*}\\n");
    private static final Pattern LOSS = Pattern.compile("\"loss\":\\s*([^,}]+)");

    private Path work;
    private Path jar;

    @BeforeAll
    void makeJar(@TempDir Path folder) throws IOException {
        work = folder;
        jar = PlugInJar.write(Sources.ofExample(),
                OtherVersion.of("1.0", OlderPluginTrainsTest::withoutStatistics, folder.resolve("api")),
                folder, folder.resolve("plugins/gather_all.jar"));
    }

    private static Sources withoutStatistics(Sources api) {
        Sources older = api.without("io/moe4j/api/comm/support/ForwardingCommBackend.java")
                .edited(text -> STATISTICS.matcher(text).replaceAll(""));
        String backend = older.files().get("io/moe4j/api/comm/CommBackend.java");
        assertFalse(backend.contains("tatistics()"), backend);
        return older;
    }

    @Test
    void itIsFoundWithItsOwnVersion() {
        Registry registry = Plugins.load(List.of(jar));
        CommBackendProvider provider = registry.get(CommBackendProvider.class, "gather_all");
        assertEquals("1.0", provider.spiVersion());
    }

    /** Both backends sum in slot order and round once, so that the losses have the same bits; and nothing waits on the host, so that steps can be recorded. */
    @Test
    void itTrainsAsStandardDoesEagerAndCaptured() throws IOException {
        List<String> losses = train("standard");
        assertEquals(2, losses.size());
        assertEquals(losses, train("gather_all", "--plugin-path", jar.toString()));
        assertEquals(losses, train("gather_all", "--plugin-path", jar.toString(), "--graph_capture.enable", "true"));
    }

    /** An overflow could not be reported, so that only the worst case is accepted. */
    @Test
    void aSmallerCapacityIsRefused() {
        StringWriter err = new StringWriter();
        int exit = run(err, "gather_all", work.resolve("refused"), "--plugin-path", jar.toString(),
                "--moe.receive_capacity", "1.5");
        assertEquals(2, exit);
        assertTrue(err.toString().contains("cannot report overflows") && err.toString().contains("worst_case"),
                err::toString);
    }

    /** Built against today's SPI, the plug-in says that it has the worst case only, which is checked before anything is opened. */
    @Test
    void aSmallerCapacityIsRefusedOfTodaysVersionToo(@TempDir Path folder) throws IOException {
        Path today = PlugInJar.write(Sources.ofExample(),
                OtherVersion.of(CommBackendProvider.SPI_VERSION, UnaryOperator.identity(), folder.resolve("api")),
                folder,
                folder.resolve("plugins/gather_all.jar"));
        StringWriter err = new StringWriter();
        assertEquals(2, run(err, "gather_all", folder.resolve("refused"), "--plugin-path", today.toString(),
                "--moe.receive_capacity", "1.5"), err::toString);
        assertTrue(err.toString().contains("this backend has the worst-case capacity only")
                && err.toString().contains("worst_case"), err::toString);
    }

    /** Its setting is read from its table; a setting that it does not have, or a value that breaks a rule, is an error of the configuration. */
    @Test
    void itHasSettingsOfItsOwn() throws IOException {
        String path = jar.toString();
        assertEquals(train("gather_all", "--plugin-path", path),
                train("gather_all", "--plugin-path", path, "--plugin.gather_all.grain", "3"));
        StringWriter err = new StringWriter();
        assertEquals(2, run(err, "gather_all", work.resolve("settings"), "--plugin-path", path,
                "--plugin.gather_all.grain", "0", "--plugin.gather_all.depth", "3", "--plugin.gather_al.grain", "3",
                "--plugin.gather_all", "3"), err::toString);
        String text = err.toString().replaceAll("\\s+", " ");
        for (String part : List.of("plugin.gather_all.grain = 0 the value must be an integer from 1 to 1048576",
                "plugin.gather_all.depth = 3 this plug-in has no such setting; it has [grain]",
                "[plugin.gather_al] there is no plug-in of this id; the nearest is gather_all",
                "a setting of a plug-in has a name of three parts")) {
            assertTrue(text.contains(part), () -> "no \"" + part + "\" in " + text);
        }
    }

    @Test
    void withoutThePathItIsUnknown() {
        StringWriter err = new StringWriter();
        assertEquals(2, run(err, "gather_all", work.resolve("unknown")));
        assertTrue(err.toString().contains("there is no comm backend \"gather_all\"")
                && err.toString().contains("plug-in path"), err::toString);
    }

    private List<String> train(String backend, String... more) throws IOException {
        Path output = Files.createTempDirectory(work, backend);
        StringWriter err = new StringWriter();
        assertEquals(0, run(err, backend, output, more), err::toString);
        return Files.readAllLines(output.resolve("metrics.jsonl")).stream().map(LOSS::matcher).filter(Matcher::find)
                .map(found -> found.group(1)).toList();
    }

    private static int run(StringWriter err, String backend, Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "deepseek_v3_debugmodel_standard",
                "--output", output.toString(),
                "--model.from", Sources.tinyModel(), "--data.tokenizer", "bytes", "--model.moe_comm_backend", backend,
                "--ranks", "2", "--parallelism.data_parallel_shard_degree", "2",
                "--parallelism.expert_parallel_degree", "2", "--training.seq_len", "32", "--training.local_batch_size",
                "1",
                "--training.steps", "2", "--lr_scheduler.warmup_steps", "1", "--graph_capture.enable", "false"));
        arguments.addAll(List.of(more));
        return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), arguments.toArray(String[]::new));
    }
}
