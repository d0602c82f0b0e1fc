package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of the documentation with a fault in its dispatch: the run ends, also where the plug-in does not, and the error names the plug-in. */
final class FaultyExchangeTest {
    private static final String DISPATCH = "checks.dispatch(request);";
    private static final String HANG = "while (true) { try { Thread.sleep(1000); } catch (InterruptedException goesOn) { } }";

    @TempDir
    private Path work;

    @Test
    void oneRankThatNeverComesBackIsLeft() throws IOException {
        String error = errorOf("if (!planned && rank == 1) " + HANG);
        assertTrue(error.contains("rank 1 failed during ") && error.contains("rank 1 did not come within 2000 ms")
                && error.contains("rank 1 has not ended 2.0 s after the failure, and is left as it is, with its memory")
                && error.contains("the plug-in \"gather_all\" in GatherAll.dispatch() (report this to its author)"),
                error);
    }

    /** No rank waits for another one, so the time limit of such a wait cannot end the run. */
    @Test
    void allRanksThatNeverComeBackAreLeft() throws IOException {
        String error = errorOf("if (!planned) " + HANG);
        assertTrue(
                error.contains("the plug-in \"gather_all\" in GatherAll.dispatch() has stood still for 4.0 s, which is"
                        + " twice runtime.timeout"),
                error);
    }

    /** Frames of sun.nio.ch are Java's own as well: the plug-in that waits for a peer's connection is the one that stands still. */
    @Test
    void oneThatWaitsForASocketIsLeft() throws IOException {
        String error = errorOf("if (!planned) try (var peers = new java.net.ServerSocket(0)) { peers.accept(); }"
                + " catch (java.io.IOException e) { throw new java.io.UncheckedIOException(e); }");
        assertTrue(error.contains("the plug-in \"gather_all\" in GatherAll.dispatch() has stood still for 4.0 s"),
                error);
    }

    @Test
    void norIsItWaitedForWhileMemoryIsPlanned() throws IOException {
        String error = errorOf("if (planned) " + HANG);
        assertTrue(
                error.contains("planning of rank 0: the plug-in \"gather_all\" in GatherAll.dispatch() has stood still"
                        + " for 4.0 s"),
                error);
    }

    @Test
    void aNullIsNamedWithTheMethod() throws IOException {
        String error = errorOf("if (!planned) return null;");
        assertTrue(
                error.contains("the plug-in \"gather_all\" returned null from dispatch(request); let it return a value;"
                        + " report this to the author of example.gatherall.GatherAllProvider ("),
                error);
    }

    /** In a capture too, which wraps what it is thrown; and an assertion of the plug-in's is its own as much as a null pointer. */
    @Test
    void aFaultInACaptureIsOfThePlugIn() throws IOException {
        for (String fault : List.of("new NullPointerException()", "new AssertionError(\"a bad thing\")")) {
            String error = errorOf("if (!planned && rank == 1) throw " + fault + ";");
            assertTrue(error.contains("rank 1 failed during step 1, capture: the plug-in \"gather_all\" failed in"
                    + " GatherAll.dispatch(): java.lang."), error);
        }
    }

    private String errorOf(String fault) throws IOException {
        Path folder = Files.createTempDirectory(work, "run");
        Path jar = PlugInJar.write(Sources.ofExample().replaced(DISPATCH, DISPATCH + """

                        boolean planned = stream.device().kind().equals(io.moe4j.api.device.DeviceKind.PLANNING);
                """ + fault), OtherVersion.ofHost(), folder, folder.resolve("plugins/gather_all.jar"));
        StringWriter err = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "deepseek_v3_debugmodel_standard",
                "--output", folder.resolve("output").toString(), "--model.from", Sources.tinyModel(),
                "--data.tokenizer",
                "bytes", "--model.moe_comm_backend", "gather_all", "--plugin-path", jar.toString(), "--ranks", "2",
                "--parallelism.data_parallel_shard_degree", "2", "--parallelism.expert_parallel_degree", "2",
                "--training.seq_len", "32", "--training.local_batch_size", "1", "--training.steps", "2",
                "--lr_scheduler.warmup_steps", "1", "--graph_capture.enable", "true", "--runtime.timeout", "2"));
        int code = assertTimeoutPreemptively(Duration.ofMinutes(2), () -> Main.run(new PrintWriter(new StringWriter()),
                new PrintWriter(err), arguments.toArray(String[]::new)), "the run does not end");
        assertEquals(1, code, err.toString());
        return err.toString();
    }
}
