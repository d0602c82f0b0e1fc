package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Processes that were started with different inputs, that belong to different jobs, that get foreign connections, or that fail outside of their ranks. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class ProcessesMeetTest {
    private static final List<String> RUN = List.of("train", "--checkpoint.enable", "false", "--model.from",
            ProjectFiles.tinyModel(),
            "--data.tokenizer", "bytes", "--ranks", "2",
            "--parallelism.data_parallel_shard_degree",
            "2", "--parallelism.expert_parallel_degree", "2", "--training.local_batch_size", "1", "--training.seq_len",
            "16", "--runtime.threads", "1", "--runtime.timeout", "100");

    @TempDir
    private Path folder;

    /** The data of two processes has the same names and sizes, and differs in one letter; a module of one has a file more. */
    @Test
    void otherSettingsOtherDataOrAnotherBuildEndTheRunAtOnceWithBothValues() throws Exception {
        String planning = Stream.of(ProgramJvm.modulePath().split(File.pathSeparator))
                .filter(path -> path.contains("runtime-planning")).findFirst().orElseThrow();
        Path other = otherBuild(planning);
        Path one = Files.createDirectories(folder.resolve("one"));
        Path two = Files.createDirectories(folder.resolve("two"));
        for (Path each : List.of(one, two)) {
            Files.writeString(each.resolve("a.txt"), "the same ".repeat(500));
            Files.writeString(each.resolve("b.txt"), (each.equals(one) ? "left " : "Left ") + "text ".repeat(500));
        }
        long begin = System.nanoTime();
        try (RankProcesses job = new RankProcesses(folder, 2)) {
            job.start(0, with("--training.steps", "2", "--data.path", one.toString()));
            job.start(1, with("--training.steps", "2", "--data.path", two.toString(), "--training.seed", "7",
                    "--optimizer.lr", "0.5"), Map.of(),
                    argument -> argument.contains(planning) ? argument.replace(planning, other.toString()) : argument);
            for (int rank = 0; rank < 2; rank++) {
                assertEquals(2, job.exitCode(rank), job.log(rank));
                String log = job.log(rank);
                assertTrue(log.contains("error: the ranks of this run do not agree"), log);
                assertTrue(log.contains("build of io.moe4j.runtime.planning: "), log);
                assertTrue(log.contains("training.seed: 42 (rank 0), 7 (rank 1)"), log);
                assertTrue(log.contains("optimizer.lr: 0.001 (rank 0), 0.5 (rank 1)")
                        || log.contains("optimizer.lr: 0.002 (rank 0), 0.5 (rank 1)"), log);
                assertTrue(log.contains("data (data.path), part 2: *.txt, 2505 bytes") && !log.contains(", part 1"),
                        log);
                assertFalse(log.contains("step:"), log);
            }
        }
        assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(100), "long before the time limit");
    }

    /**
     * Connections that send garbage or nothing, a process of another user, and another job of the same user: the job goes on. In each build the tests of
     * {@code launch} show it with threads.
     */
    @Test
    @Tag("thorough")
    void neitherStrangersNorAnotherJobOnThePortDisturbARun() throws Exception {
        try (RankProcesses job = new RankProcesses(folder, 2);
                RankProcesses stranger = new RankProcesses(Files.createDirectories(folder.resolve("stranger")), 2,
                        job.port());
                RankProcesses second = new RankProcesses(Files.createDirectory(folder.resolve("2")), 2, job.port())) {
            Map<String, String> one = Map.of("MOE4J_JOB_ID", "one", "MOE4J_JOB_SECRET", "a secret of both jobs");
            Map<String, String> two = Map.of("MOE4J_JOB_ID", "two", "MOE4J_JOB_SECRET", "a secret of both jobs");
            List<String> run = with("--training.steps", "1");
            job.start(0, run, one, UnaryOperator.identity());
            List<Socket> sockets = new ArrayList<>();
            try {
                awaitPort(job);
                stranger.start(1, run, Map.of("MOE4J_JOB_ID", "one"), UnaryOperator.identity());
                second.start(0, run, two, UnaryOperator.identity());
                second.start(1, run, two, UnaryOperator.identity());
                Random random = new Random(1);
                for (int i = 0; i < 40; i++) {
                    Socket socket = new Socket("127.0.0.1", job.port());
                    sockets.add(socket);
                    byte[] garbage = new byte[i % 2 == 0 ? 0 : 200];
                    random.nextBytes(garbage);
                    socket.getOutputStream().write(garbage);
                    socket.getOutputStream().write("\u001b]0;owned\u0007".getBytes(StandardCharsets.UTF_8));
                }
                assertEquals(2, stranger.exitCode(1), stranger.log(1));
                assertTrue(stranger.log(1).contains("does not have the secret of this process"), stranger.log(1));
                assertEquals(2, second.exitCode(0), second.log(0));
                assertTrue(second.log(0).contains("If another job uses the port"), second.log(0));
                assertEquals(2, second.exitCode(1), second.log(1));
                assertTrue(second.log(1).contains("it belongs to job two, and rank 0 to job one"), second.log(1));
                job.start(1, run, one, UnaryOperator.identity());
                for (int rank = 0; rank < 2; rank++) {
                    assertEquals(0, job.exitCode(rank), job.log(rank));
                }
                assertTrue(job.log(0).contains("was refused: it does not have this job's secret"), job.log(0));
                assertFalse(job.log(0).contains("\u001b]0;owned"), "no control codes");
            } finally {
                for (Socket socket : sockets) {
                    socket.close();
                }
            }
        }
    }

    /** No rank fails: the process of rank 0 cannot write its metrics. */
    @Test
    void aFailureOutsideOfRanksIsToldToTheOtherProcesses() throws Exception {
        Path output = folder.resolve("run");
        Files.createDirectories(output.resolve("metrics.jsonl").resolve("in the way"));
        try (RankProcesses job = new RankProcesses(folder, 2)) {
            List<String> run = with("--training.steps", "100000", "--output", output.toString());
            job.start(0, run);
            job.start(1, run);
            assertNotEquals(0, job.exitCode(0), job.log(0));
            assertNotEquals(0, job.exitCode(1), job.log(1));
            assertTrue(job.log(0).contains("metrics.jsonl"), job.log(0));
            assertTrue(job.log(1).contains("rank 0 failed") && job.log(1).contains("metrics.jsonl"), job.log(1));
        }
    }

    private static void awaitPort(RankProcesses job) throws InterruptedException {
        for (int i = 0; i < 1200; i++) {
            assertTrue(job.process(0).isAlive(), () -> job.log(0));
            try (Socket socket = new Socket("127.0.0.1", job.port())) {
                return;
            } catch (IOException e) {
                Thread.sleep(50);
            }
        }
    }

    /** A copy of a module, as a folder or a jar, that has a file more. */
    private Path otherBuild(String module) throws IOException {
        Path other = copy(Path.of(module), folder.resolve(Path.of(module).getFileName()));
        if (Files.isDirectory(other)) {
            Files.writeString(other.resolve("changed.txt"), "changed");
        } else {
            try (FileSystem jar = FileSystems.newFileSystem(other)) {
                Files.writeString(jar.getPath("changed.txt"), "changed");
            }
        }
        return other;
    }

    private static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    private static List<String> with(String... more) {
        List<String> all = new ArrayList<>(RUN);
        all.addAll(List.of(more));
        return all;
    }
}
