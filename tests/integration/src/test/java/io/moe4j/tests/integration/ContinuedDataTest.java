package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs on a mixture of sources that stop and go on. */
class ContinuedDataTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.createDirectories(folder.resolve("web"));
        Files.createDirectories(folder.resolve("code"));
        for (int file = 0; file < 4; file++) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 6; i++) {
                lines.append("{\"ask\":\"what is ").append(i).append("?\",\"text\":\"number ").append(file * i)
                        .append("\"}\n");
            }
            try (OutputStream out = new GZIPOutputStream(
                    Files.newOutputStream(folder.resolve("web/" + file + ".jsonl.gz")))) {
                out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
            }
            Files.writeString(folder.resolve("code/" + file + ".txt"), "let x" + file + " = " + file + ";\n");
        }
    }

    /** Mixing, packing, prompts and accumulation; the sources' epochs end in between. */
    @Test
    void goingOnTwiceHasTheLossesOfARunThatNeverStopped() throws IOException {
        List<String> through = train("through", "--training.steps", "6");
        train("parts", "--training.steps", "2", "--checkpoint.enable");
        train("parts", "--training.steps", "4", "--checkpoint.enable", "--checkpoint.resume",
                folder.resolve("parts").toString());
        List<String> parts = train("parts", "--training.steps", "6", "--checkpoint.enable", "--checkpoint.resume",
                folder.resolve("parts").toString());
        assertEquals(through, parts);
        assertTrue(through.getLast().contains("\"code\":{\"sequences\":6,\"epoch\":2}"), through.getLast());
        // On other ranks and microbatches the same sequences follow, so that each source is at the same place.
        List<String> other = train("parts", "--training.steps", "7", "--ranks", "2",
                "--training.gradient_accumulation_steps", "1", "--checkpoint.resume",
                folder.resolve("parts").toString());
        List<String> same = train("same", "--training.steps", "7");
        assertEquals(sources(same.getLast()), sources(other.getLast()));
    }

    @Test
    void dataThatIsUsedUpEndsTheRunWhichIsSaved() {
        StringWriter err = new StringWriter();
        assertEquals(2, run(new StringWriter(), err, "run", "--training.steps", "99", "--data.epochs", "1",
                "--checkpoint.enable"), err.toString());
        assertTrue(err.toString().contains("the data is used up: code gave ") && err.toString().contains(" in 1 epoch")
                && err.toString().contains("continue it with --checkpoint.resume"), err.toString());
    }

    @Test
    void whatIsWrongWithSourcesIsToldAtOnce() {
        StringWriter err = new StringWriter();
        assertEquals(2, run(new StringWriter(), err, "run", "--data.sources.none.weight", "0",
                "--data.sources.web.wait", "3", "--data.sources", "x", "--validation.split", "1",
                "--data.path", folder.toString(), "--data.sources.a/b.path", "x"), err.toString());
        for (String part : List.of("data.sources.none", "the source has no path", "it must be a finite number above 0",
                "a source has no such key", "its keys are path, weight, epochs", "write a table [data.sources.NAME]",
                "it must be at least 0 and below 1", "the data is either one path or a mixture of sources")) {
            assertTrue(err.toString().contains(part), part + " in " + err);
        }
    }

    /** Lines of the metrics without what depends on time. */
    private List<String> train(String name, String... arguments) throws IOException {
        StringWriter err = new StringWriter();
        assertEquals(0, run(new StringWriter(), err, name, arguments), err.toString());
        return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll("\"(time|seconds|tokens_per_second|flops_per_second|mfu|data_seconds"
                        + "|memory_bytes)\":[^,]*,", ""))
                .toList();
    }

    private static String sources(String line) {
        return line.substring(line.indexOf("\"sources\""));
    }

    private int run(StringWriter out, StringWriter err, String name, String... arguments) {
        List<String> all = new ArrayList<>(List.of("train", "--checkpoint.enable", "false", "--model.from",
                ProjectFiles.tinyModel(),
                "--data.tokenizer", "bytes", "--ranks", "1", "--parallelism.expert_parallel_degree", "1",
                "--training.seq_len", "16", "--training.local_batch_size", "1",
                "--training.gradient_accumulation_steps", "2", "--data.sources.web.path",
                folder.resolve("web").toString(), "--data.sources.web.weight", "0.5", "--data.sources.code.path",
                folder.resolve("code").toString(), "--data.sources.code.weight", "0.5", "--data.prompt_field", "ask",
                "--data.document_boundaries", "--data.shuffle_tokens", "100", "--lr_scheduler.decay_type", "constant",
                "--output", folder.resolve(name).toString()));
        all.addAll(Arrays.asList(arguments));
        return Main.run(new PrintWriter(out), new PrintWriter(err), all.toArray(String[]::new));
    }
}
