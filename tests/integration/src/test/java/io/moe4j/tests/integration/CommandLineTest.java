package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code moe4j train} of a tiny model, with short sequences. */
class CommandLineTest {
    private static final Pattern LINE = Pattern.compile("\\{\"step\":(\\d+),\"loss\":[0-9.]+,\"grad_norm\":[0-9.]+,"
            + "\"lr\":[0-9.E-]+,\"time\":\"[0-9T:.Z-]+\",\"seconds\":[0-9.E-]+,\"tokens\":\\d+,"
            + "\"tokens_per_second\":[0-9.E]+,\"flops_per_second\":[0-9.E]+,\"mfu\":[0-9.E-]+,\"memory_bytes\":\\d+,\"host_syncs\":0,\"captured\":true,"
            + "\"received_rows_max\":\\d+,\"receive_capacity_rows\":\\d+,\"dropped_rows\":0,\"labels\":64,"
            + "\"data_seconds\":[0-9.E-]+,\"documents\":\\d+,\"empty_documents\":\\d+,\"bad_lines\":0,"
            + "\"lone_surrogates\":0,\"invalid_bytes\":0,"
            + "\"sources\":\\{\"data\":\\{\"sequences\":\\d+,\"epoch\":\\d+}}}");
    private static final Pattern SAVED = Pattern.compile("--checkpoint.resume (\\S+)");

    @TempDir
    private Path folder;

    @Test
    void aRunThatRanOutOfRoomIsSavedAndContinued() throws IOException {
        // A text of its own: the project's sources change, and with some of them each rank receives exactly its share.
        String text = Files.writeString(folder.resolve("text.txt"), "The receive buffer is full. ".repeat(100))
                .toString();
        StringWriter err = new StringWriter();
        int refused = train(new StringWriter(), err, "--output", folder.resolve("first").toString(), "--data.path",
                text, "--moe.receive_capacity", "1.0", "--moe.on_overflow", "fail", "--checkpoint.enable");
        assertEquals(1, refused, err.toString());
        Matcher saved = SAVED.matcher(err.toString());
        assertTrue(saved.find(), err.toString());

        StringWriter out = new StringWriter();
        int done = train(out, err, "--output", folder.resolve("second").toString(), "--checkpoint.resume",
                saved.group(1), "--data.path", text);
        assertEquals(0, done, err.toString());
        for (String part : List.of("(minimal_async_ep)", " a rank: ", "step:  1  loss: ", "2 steps")) {
            assertTrue(out.toString().contains(part), out.toString());
        }
        List<String> lines = Files.readAllLines(folder.resolve("second").resolve("metrics.jsonl"));
        assertEquals(2, lines.size());
        for (int i = 0; i < 2; i++) {
            Matcher line = LINE.matcher(lines.get(i));
            assertTrue(line.matches(), lines.get(i));
            assertEquals(i + 1, Integer.parseInt(line.group(1)));
        }
        assertTrue(Files.readString(folder.resolve("second").resolve("config.toml")).contains("seq_len = 16"));
    }

    @Test
    void whatAFolderHasOfAContinuedRunStays() throws IOException {
        String output = folder.resolve("run").toString();
        StringWriter err = new StringWriter();
        assertEquals(0, train(new StringWriter(), err, "--output", output, "--training.steps", "1",
                "--checkpoint.enable"), err.toString());
        Path metrics = folder.resolve("run").resolve("metrics.jsonl");
        List<String> first = Files.readAllLines(metrics);
        assertEquals(0, train(new StringWriter(), err, "--output", output, "--training.steps", "3",
                "--checkpoint.resume", output), err.toString());
        List<String> all = Files.readAllLines(metrics);
        assertEquals(first, all.subList(0, 1));
        assertEquals(3, all.size());
        List<String> saved = Files.readAllLines(folder.resolve("run").resolve("checkpoints.jsonl"));
        assertEquals(1, saved.size());
        assertTrue(saved.getFirst().startsWith("{\"step\":1,\"saved\":true,\"bytes\":"), saved.toString());
    }

    @Test
    void onlyTheLatestCheckpointsAreKept() throws IOException {
        Path output = folder.resolve("run");
        StringWriter err = new StringWriter();
        assertEquals(0, train(new StringWriter(), err, "--output", output.toString(), "--training.steps", "4",
                "--checkpoint.enable", "--checkpoint.interval", "1", "--checkpoint.keep_latest_k", "2"),
                err.toString());
        try (Stream<Path> left = Files.list(output.resolve("checkpoints"))) {
            assertEquals(List.of("step-000000003", "step-000000004"),
                    left.map(each -> each.getFileName().toString()).sorted().toList());
        }
        assertEquals(0, train(new StringWriter(), err, "--output", output.toString(), "--training.steps", "5",
                "--checkpoint.resume", output.toString()), err.toString());
    }

    @Test
    void anotherRunDoesNotMixWithWhatAFolderHas() throws IOException {
        String output = folder.resolve("run").toString();
        StringWriter err = new StringWriter();
        assertEquals(0, train(new StringWriter(), err, "--output", output, "--checkpoint.enable"), err.toString());
        List<String> metrics = Files.readAllLines(folder.resolve("run").resolve("metrics.jsonl"));

        assertEquals(2, train(new StringWriter(), err, "--output", output, "--training.steps", "1"));
        assertTrue(err.toString().contains("has an earlier run: two runs do not share a folder"), err.toString());
        assertTrue(err.toString().contains("--checkpoint.resume " + output), err.toString());
        assertTrue(err.toString().contains("another --output"), err.toString());
        assertEquals(metrics, Files.readAllLines(folder.resolve("run").resolve("metrics.jsonl")));

        StringWriter out = new StringWriter();
        assertEquals(0, train(out, err, "--output", output, "--checkpoint.resume", output), err.toString());
        assertTrue(out.toString().contains("no step was made: training.steps = 2, and 2 were made before"),
                out.toString());
        assertTrue(out.toString().lines().noneMatch(line -> line.startsWith("steps ")), out.toString());
        assertEquals(metrics, Files.readAllLines(folder.resolve("run").resolve("metrics.jsonl")));

        StringWriter last = new StringWriter();
        assertEquals(0, train(last, err, "--output", output, "--checkpoint.resume", output, "--training.steps", "3"),
                err.toString());
        assertTrue(last.toString().contains("steps     only 3, each of "), last.toString());
    }

    @Test
    void aRunEndsWithItsReportAndWhatToTryNext() throws IOException {
        Path output = folder.resolve("run");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, train(out, err, "--output", output.toString()), err.toString());
        List<String> lines = out.toString().lines().toList();
        assertEquals(List.of("report    " + output.resolve("report.html") + " (open it in a browser)",
                "next      the same with --checkpoint.enable: it keeps the model, for ./moe4j generate",
                "          ./moe4j report " + output), lines.subList(lines.size() - 3, lines.size()));
        Files.createDirectories(folder.resolve("no-run"));
        Path other = folder.resolve("other.html");
        int compared = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), "report", output.toString(),
                output.toString(), folder.resolve("no-run").toString(), "--output", other.toString());
        assertEquals(0, compared, err.toString());
        assertTrue(err.toString().contains("no-run is left out"), err.toString());
        for (Path page : List.of(output.resolve("report.html"), other)) {
            assertTrue(Files.readString(page).contains("tokens_per_second"), page::toString);
        }
        assertEquals(2, Main.run(new PrintWriter(out, true), new PrintWriter(err, true), "report", folder.toString()));
        assertTrue(err.toString().contains("is no run, and has some; name them"), err.toString());
    }

    /** A model of a folder has no flavor: the folder's name says which one it is, in all commands alike. */
    @Test
    void aModelOfAFolderIsToldByTheFoldersName() throws IOException {
        String[] from = {"--model.from", ProjectFiles.tinyModel() + "/."};
        assertTrue(printed("plan", from).startsWith("model           deepseek_v3 of tiny-model, "),
                printed("plan", from));
        String json = printed("plan", from[0], from[1], "--json");
        assertTrue(json.contains("\"model\" : \"deepseek_v3\",\n  \"flavor\" : \"tiny-model\",\n  \"from\" : \""),
                json);
        assertTrue(printed("config", from).contains("flavor = \"tiny-model\""), printed("config", from));
        String bench = printed("bench", "swiglu", from[0], from[1], "--training.seq_len", "8", "--calls", "1",
                "--warmup", "0");
        assertTrue(bench.contains("tiny-model") && !bench.contains("config.json"), bench);

        Path output = folder.resolve("run");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, train(out, err, "--output", output.toString()), err.toString());
        assertTrue(out.toString().startsWith("model     deepseek_v3 of tiny-model: "), out.toString());
        assertTrue(Files.readString(output.resolve("run.json")).contains("\"deepseek_v3 of tiny-model\""));
        assertTrue(Files.readString(output.resolve("report.html")).contains("deepseek_v3 of tiny-model"));
    }

    private static String printed(String command, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of(arguments));
        assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err), all.toArray(String[]::new)),
                err.toString());
        return out.toString();
    }

    @Test
    void whatARunWithoutCheckpointsHasWrittenIsKept() throws IOException {
        Path output = folder.resolve("run");
        StringWriter err = new StringWriter();
        assertEquals(0, train(new StringWriter(), err, "--output", output.toString()), err.toString());
        List<String> metrics = Files.readAllLines(output.resolve("metrics.jsonl"));
        String config = Files.readString(output.resolve("config.toml"));

        assertEquals(2, train(new StringWriter(), err, "--output", output.toString(), "--training.seed", "7"));
        assertTrue(err.toString().contains("Give another --output, or remove the folder"), err.toString());
        assertEquals(metrics, Files.readAllLines(output.resolve("metrics.jsonl")));
        assertEquals(config, Files.readString(output.resolve("config.toml")));
    }

    @Test
    void aContinuedRunKeepsTheEarlierConfiguration() throws IOException {
        Path output = folder.resolve("run");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, train(out, err, "--output", output.toString(), "--training.steps", "1",
                "--checkpoint.enable"), err.toString());
        Path saved = output.resolve("checkpoints").resolve("step-000000001");
        assertTrue(Pattern.compile("saved     " + saved + ": 0\\.\\d\\d MB, steps held up .*s, written in .*s\n")
                .matcher(out.toString()).find(), out.toString());
        String config = Files.readString(output.resolve("config.toml"));
        assertEquals(0, train(out, err, "--output", output.toString(), "--training.steps", "2",
                "--checkpoint.resume", output.toString()), err.toString());
        assertTrue(out.toString().contains("continues " + saved + " after step 1 of 2"), out.toString());
        assertEquals(config, Files.readString(output.resolve("config-to-step-1.toml")));
        assertTrue(Files.readString(output.resolve("config.toml")).contains("training.steps = 2"));
    }

    @Test
    void aFolderInUseIsRefused() throws IOException {
        Path output = Files.createDirectories(folder.resolve("run"));
        try (FileChannel other = FileChannel.open(output.resolve("run.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            other.lock();
            StringWriter err = new StringWriter();
            assertEquals(2, train(new StringWriter(), err, "--output", output.toString()));
            assertTrue(err.toString().contains("is in use by a run that has not ended"), err.toString());
        }
    }

    private static int train(StringWriter out, StringWriter err, String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("train", "--checkpoint.enable", "false", "--metrics.log_every", "1", "--model.from",
                        ProjectFiles.tinyModel(), "--data.tokenizer", "bytes", "--ranks", "2",
                        "--parallelism.data_parallel_shard_degree", "2", "--parallelism.expert_parallel_degree", "2",
                        "--training.seq_len", "16", "--training.steps", "2"));
        arguments.addAll(List.of(more));
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(String[]::new));
    }
}
