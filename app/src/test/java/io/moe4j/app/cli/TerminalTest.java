package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moe4j.app.launcher.ProjectFiles;
import io.moe4j.app.terminal.VirtualTerminal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code moe4j train} and {@code generate} in a pseudo-terminal, with keys typed and its width changed. */
@Timeout(300)
class TerminalTest {
    private static final Pattern STEP = Pattern.compile("step: +(\\d+)  loss: ");

    @TempDir
    private Path folder;

    @BeforeEach
    void python() throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "skipped: pseudo-terminals are tested on Linux");
        Optional<Integer> code = exitCodeOf("python3", "-c",
                "import pty, termios, sys; sys.exit(sys.version_info < (3, 7))");
        assumeTrue(code.equals(Optional.of(0)), "skipped: a pseudo-terminal needs python3 (3.7 or later) on the PATH");
    }

    @Test
    void stepLinesStayAndCtrlCSaves() throws Exception {
        Path output = folder.resolve("run");
        int code = train(80, "xterm-256color", """
                step:      1\ttype 26
                step:      3\tcolumns 200
                step:      5\tcolumns 120
                step:      7\ttype 3
                """, "--output", output.toString(), "--checkpoint.enable");
        String raw = raw();
        assertEquals(130, code, raw);
        // A row that is too long for 80 columns is not for 200: all is looked at as on the widest.
        String shown = String.join("\n", new VirtualTerminal(200).write(raw).rows());
        List<Integer> steps = new ArrayList<>();
        Matcher matcher = STEP.matcher(shown);
        while (matcher.find()) {
            steps.add(Integer.parseInt(matcher.group(1)));
        }
        assertTrue(steps.size() >= 7, shown);
        assertEquals(IntStream.rangeClosed(1, steps.size()).boxed().toList(), steps, shown);
        assertTrue(shown.contains("<stopped>"), shown);
        assertTrue(shown.contains("SIGINT: the run ends with this step or the next, and is saved"), shown);
        assertTrue(raw.contains("% ["), raw);
        assertFalse(shown.substring(shown.indexOf("<stopped>")).contains(" left"), "the bar is gone: " + shown);
        int last = steps.getLast();
        assertTrue(shown.contains("stopped   after step " + last + " of 100000, by SIGINT"), shown);
        assertTrue(Files.isDirectory(output.resolve("checkpoints").resolve("step-%09d".formatted(last))), shown);
        assertEquals(last, Files.readAllLines(output.resolve("metrics.jsonl")).size());
    }

    @Test
    void aSecondCtrlCEndsAtOnceAndADumbTerminalIsQuiet() throws Exception {
        // A step of 8192 tokens takes seconds on one thread without the optimizing compiler, far longer than the second Ctrl-C needs.
        int code = train(80, "dumb", """
                output    \ttype 3
                a second signal ends it at once\ttype 3
                """, "--output", folder.resolve("run").toString(), "--training.seq_len", "64",
                "--training.local_batch_size", "128");
        String raw = raw();
        assertEquals(130, code, raw);
        assertTrue(raw.contains("is not saved (checkpoint.enable is false)"), raw);
        assertFalse(raw.contains("\u001b"), raw);
        assertFalse(raw.contains("stopped   after"), raw);
        assertTrue(raw.endsWith("what it has made since its newest checkpoint is lost\r\n"), raw);
    }

    @Test
    void ctrlCInTheMiddleOfTokenizingSaysHowToGoOn() throws Exception {
        // Tokenized on one thread without the optimizing compiler, which takes seconds: the line is drawn five times in each.
        Path texts = folder.resolve("texts.jsonl");
        Files.writeString(texts, ("{\"text\": \"" + "some words of a text ".repeat(200) + "\"}\n").repeat(30_000));
        int code = run(80, "xterm-256color", " M tokens\ttype 3\n", List.of("tokenize", "--data.path", texts.toString(),
                "--data.tokenizer", "bytes", "--threads", "1", folder.resolve("tokens").toString()));
        assertEquals(130, code, raw());
        assertTrue(raw().endsWith("\r\u001b[K" + folder.resolve("tokens")
                + " is not finished: the same command goes on after its last whole shard\r\n"), raw());
    }

    @Test
    void ctrlCAtThePromptEndsItsRow() throws Exception {
        int code = run(80, "xterm-256color", "> \ttype 3\n",
                List.of("generate", ProjectFiles.tinyModel(), "--tokenizer", "bytes"));
        assertEquals(130, code, raw());
        assertTrue(raw().endsWith("> \r\n"), "the shell's prompt begins in a row of its own: " + raw());
    }

    private int train(int columns, String terminal, String actions, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("train",
                "--checkpoint.enable", "false", "--metrics.log_every", "1", "--model.from", ProjectFiles.tinyModel(),
                "--data.tokenizer", "bytes", "--ranks", "1",
                "--parallelism.data_parallel_shard_degree", "1",
                "--parallelism.expert_parallel_degree", "1", "--training.steps", "100000", "--runtime.threads", "1",
                "--training.seq_len", "16"));
        arguments.addAll(List.of(more));
        return run(columns, terminal, actions, arguments);
    }

    private int run(int columns, String terminal, String actions, List<String> arguments) throws Exception {
        Path script = folder.resolve("terminal.py");
        try (InputStream in = TerminalTest.class.getResourceAsStream("terminal.py")) {
            Files.write(script, in.readAllBytes());
        }
        List<String> command = new ArrayList<>(List.of("python3", script.toString(), folder.resolve("raw").toString(),
                Integer.toString(columns), actions,
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        String classPath = System.getProperty("java.class.path");
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--module-path",
                // Where these tests run on the class path, that is the program's module path.
                System.getProperty("jdk.module.path", classPath), "--class-path", classPath,
                "--enable-native-access=io.moe4j.app,io.moe4j.runtime.cpu,org.bytedeco.javacpp,org.bytedeco.openblas",
                "-Dguice_custom_class_loading=CHILD", "--module", "io.moe4j.app/io.moe4j.app.cli.Main"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(folder.resolve("python.log").toFile());
        builder.environment().put("TERM", terminal);
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(200, TimeUnit.SECONDS), () -> "the run ends: " + raw());
            return process.exitValue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private String raw() {
        try {
            return Files.readString(folder.resolve("raw"), StandardCharsets.UTF_8)
                    + Files.readString(folder.resolve("python.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static Optional<Integer> exitCodeOf(String... command) throws InterruptedException {
        try {
            return Optional.of(new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
