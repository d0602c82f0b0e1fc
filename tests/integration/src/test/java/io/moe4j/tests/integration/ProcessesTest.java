package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks as processes, started as torchrun starts them. */
@Timeout(300)
class ProcessesTest {
    /** Two ranks that share the experts and the parameters; the step is captured. */
    private static final List<String> RUN = List.of("train", "--ranks", "2",
            "--parallelism.data_parallel_shard_degree", "2", "--parallelism.expert_parallel_degree", "2",
            "--training.local_batch_size", "1", "--training.seq_len", "16", "--runtime.threads", "1");
    private static final Pattern NUMBERS = Pattern.compile("\"(?:loss|grad_norm)\":[^,]*");

    @TempDir
    private Path folder;

    @Test
    void twoProcessesComputeWhatTwoThreadsCompute() throws Exception {
        List<String> run = with(RUN, "--training.steps", "2");
        StringWriter err = new StringWriter();
        Path threads = folder.resolve("threads");
        int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err),
                with(run, "--output", threads.toString()).toArray(String[]::new));
        assertEquals(0, code, err::toString);

        Path processes = folder.resolve("processes");
        int port = freePort();
        List<Process> started = List.of(start(0, port, with(run, "--output", processes.toString())),
                start(1, port, with(run, "--output", processes.toString())));
        for (int rank = 0; rank < 2; rank++) {
            assertTrue(started.get(rank).waitFor(200, TimeUnit.SECONDS), "rank " + rank + " ends");
            assertEquals(0, started.get(rank).exitValue(), log(rank));
        }
        List<String> expected = numbers(threads);
        assertEquals(4, expected.size());
        assertEquals(expected, numbers(processes));
    }

    @Test
    void aKilledProcessStopsTheOtherWhichNamesIt() throws Exception {
        List<String> run = with(RUN, "--training.steps", "100000", "--output", folder.resolve("run").toString());
        int port = freePort();
        Process survivor = start(0, port, run);
        Process victim = start(1, port, run);
        try {
            Path metrics = folder.resolve("run").resolve("metrics.jsonl");
            for (int i = 0; i < 2000 && !(Files.exists(metrics) && Files.size(metrics) > 0); i++) {
                assertTrue(survivor.isAlive() && victim.isAlive(), () -> log(0) + log(1));
                Thread.sleep(100);
            }
            long begin = System.nanoTime();
            victim.destroyForcibly().waitFor();
            assertTrue(survivor.waitFor(30, TimeUnit.SECONDS), "rank 0 ends");
            assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(20), "long before the time limit");
            assertNotEquals(0, survivor.exitValue());
            assertTrue(log(0).contains("rank 1 failed") && log(0).contains("its process has ended"), log(0));
        } finally {
            survivor.destroyForcibly();
            victim.destroyForcibly();
        }
        assertFalse(survivor.isAlive());
    }

    /** SIGTERM to one of two processes, without an --output: both end after the same step, and say by their exit codes that the run is unfinished. */
    @Test
    void aSignalToOneProcessEndsAll() throws Exception {
        List<String> run = with(RUN, "--training.steps", "100000", "--checkpoint.enable");
        int port = freePort();
        Process first = start(0, port, run);
        Process signalled = start(1, port, run);
        try {
            for (int i = 0; i < 2000 && !log(0).contains("step:  1 "); i++) {
                assertTrue(first.isAlive() && signalled.isAlive(), () -> log(0) + log(1));
                Thread.sleep(100);
            }
            signalled.destroy();
            assertTrue(first.waitFor(60, TimeUnit.SECONDS) && signalled.waitFor(60, TimeUnit.SECONDS), "both end");
            assertEquals(3, first.exitValue(), () -> log(0));
            assertEquals(143, signalled.exitValue(), () -> log(1));
            assertTrue(log(1).contains("SIGTERM: the run ends with this step or the next"), log(1));
            assertTrue(log(0).contains("because the process of rank 1 was asked to end"), log(0));
            List<Path> runs;
            try (Stream<Path> found = Files.list(folder.resolve("outputs"))) {
                runs = found.toList();
            }
            assertEquals(1, runs.size(), "both processes use one folder");
            try (Stream<Path> saved = Files.list(runs.getFirst().resolve("checkpoints"))) {
                assertEquals(1, saved.count());
            }
        } finally {
            first.destroyForcibly();
            signalled.destroyForcibly();
        }
    }

    /** The command line in a JVM with this one's own modules. */
    private Process start(int rank, int port, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agentlib"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx1g", "--class-path",
                System.getProperty("java.class.path"), "--module",
                "io.moe4j.app/io.moe4j.app.cli.Main"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(folder.resolve("rank" + rank + ".log").toFile());
        builder.environment().putAll(Map.of("RANK", Integer.toString(rank), "WORLD_SIZE", "2",
                "MASTER_ADDR", "127.0.0.1", "MASTER_PORT", Integer.toString(port), "XDG_STATE_HOME",
                folder.toString()));
        return builder.start();
    }

    private String log(int rank) {
        try {
            return Files.readString(folder.resolve("rank" + rank + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Losses and norms as they were written, to the last digit. */
    private static List<String> numbers(Path run) throws IOException {
        return NUMBERS.matcher(Files.readString(run.resolve("metrics.jsonl"))).results().map(MatchResult::group)
                .toList();
    }

    private static List<String> with(List<String> arguments, String... more) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return all;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
