package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A folder that a job file is run in: with {@code ./moe4j}, which runs this build, and {@code train.toml}, a training of a tiny model on two ranks.
 */
final class ClusterRun implements AutoCloseable {
    static final int STEPS = 20;
    private static final Pattern NUMBERS = Pattern.compile("\"(?:loss|grad_norm)\":[^,]*");

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();

    ClusterRun(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        script("moe4j", "exec " + RankProcesses.commandLine().stream().map(ClusterRun::quoted)
                .collect(Collectors.joining(" ")) + " \"$@\"");
        Files.writeString(folder.resolve("train.toml"), """
                [model]
                from = "%s"
                [data]
                tokenizer = "bytes"
                [training]
                seq_len = 16
                steps = %d
                [parallelism]
                expert_parallel_degree = 2
                [checkpoint]
                enable = true
                resume = "auto"
                interval = 5
                [metrics]
                report = false
                [runtime]
                threads = 1
                """.formatted(ProjectFiles.tinyModel(), STEPS));
    }

    /** The results of the same training with two threads of this process. */
    static List<String> expected(Path folder) throws IOException {
        ClusterRun run = new ClusterRun(folder);
        StringWriter err = new StringWriter();
        Path output = folder.resolve("threads");
        assertEquals(0, Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), "train", "--config",
                folder.resolve("train.toml").toString(), "--ranks", "2", "--output", output.toString()), err::toString);
        List<String> numbers = numbers(output);
        run.close();
        assertEquals(2 * STEPS, numbers.size());
        return numbers;
    }

    /** Losses and norms as they were written, to the last digit. */
    static List<String> numbers(Path run) throws IOException {
        return NUMBERS.matcher(Files.readString(run.resolve("metrics.jsonl"))).results().map(MatchResult::group)
                .toList();
    }

    Path path(String name) {
        return folder.resolve(name);
    }

    /** Puts a script with this body into the folder. */
    void script(String name, String body) throws IOException {
        Path file = Files.writeString(folder.resolve(name), "#!/usr/bin/env bash\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Starts a program in the folder, which comes first on its path. */
    Process start(String log, List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(folder.resolve(log).toFile());
        builder.environment().put("PATH", folder + ":" + System.getenv("PATH"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    /** The exit code of a process, which ends in time. */
    int exitCode(Process process) throws InterruptedException {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), this::logs);
        return process.exitValue();
    }

    /** Waits until a checkpoint is whole. */
    void awaitCheckpoint(String run, Process running) throws InterruptedException {
        Path first = path(run).resolve("checkpoints").resolve("step-000000005");
        for (int i = 0; i < 12_000 && !Files.exists(first); i++) {
            assertTrue(running.isAlive(), this::logs);
            Thread.sleep(10);
        }
        assertTrue(Files.exists(first), this::logs);
    }

    /** All that was written to the files with names that end in {@code .log}. */
    String logs() {
        try (var files = Files.list(folder)) {
            StringBuilder text = new StringBuilder();
            for (Path log : files.filter(file -> file.toString().endsWith(".log")).sorted().toList()) {
                text.append(log.getFileName()).append(":\n").append(Files.readString(log));
            }
            return text.toString();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    @Override
    public void close() {
        processes.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }
}
