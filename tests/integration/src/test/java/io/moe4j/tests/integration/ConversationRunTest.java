package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run on conversations through the command line: it goes on, knows when its template has changed, and hands the template on. */
class ConversationRunTest {
    private static final String TEMPLATE = "{% for m in messages %}{{ m.role[0] }}:{{ m.content }};{% endfor %}"
            + "{% if add_generation_prompt %}a:{% endif %}";

    @TempDir
    private Path folder;
    private Path data;
    private Path template;

    private record Result(int code, String out, String err) {}

    @BeforeEach
    void write() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            lines.append("{\"messages\": [{\"role\": \"user\", \"content\": \"").append(i)
                    .append("?\"}, {\"role\": \"assistant\", \"content\": \"").append(i).append("\"}]}\n");
        }
        data = Files.writeString(folder.resolve("chat.jsonl"), lines);
        template = Files.writeString(folder.resolve("own.jinja"), TEMPLATE);
    }

    @Test
    void aRunGoesOnAndItsTemplateGoesWithIt() throws IOException {
        List<String> through = losses(train("through", 4));
        train("parts", 2);
        assertEquals(through, losses(train("parts", 4, "--checkpoint.resume", "auto")));

        Files.writeString(template, TEMPLATE.replace(";{%", "!{%"));
        Result changed = run(arguments("parts", 6, "--checkpoint.resume", "auto"));
        assertEquals(2, changed.code, changed.err);
        assertTrue(changed.err.contains("data.messages_field, the chat template"), changed.err);
        Files.writeString(template, TEMPLATE);

        Path exported = folder.resolve("exported");
        Result export = run(List.of("export", folder.resolve("parts").toString(), exported.toString()));
        assertEquals(0, export.code, export.err);
        assertEquals(TEMPLATE, Files.readString(exported.resolve("chat_template.jinja")));

        Files.delete(template);
        Result eval = run(List.of("eval", folder.resolve("parts").toString(), "--data", data.toString(),
                "--data.messages_field", "messages", "--training.seq_len", "32", "--json"));
        assertEquals(0, eval.code, eval.err);
        assertTrue(eval.out.contains("\"tokens\" : " + learned(32)), eval.out + learned(32));
        Result answer = run(List.of("generate", folder.resolve("parts").toString(), "--chat", "--prompt", "7?",
                "--max-tokens", "1", "--json"));
        assertEquals(0, answer.code, answer.err);
        assertTrue(answer.out.contains("\"prompt_ids\":[117,58,55,63,59,97,58]"), answer.out);
    }

    @Test
    void aTemplateIsNeeded() {
        Result none = run(List.of("train", "--model.from", ProjectFiles.tinyModel(), "--data.path", data.toString(),
                "--data.messages_field", "messages"));
        assertEquals(2, none.code, none.err);
        assertTrue(none.err.contains("name one with data.chat_template = FILE"), none.err);
        Result both = run(List.of("train", "--data.messages_field", "messages", "--data.prompt_field", "x"));
        assertEquals(2, both.code, both.err);
        assertTrue(both.err.contains("either prompts and texts, or conversations")
                && both.err.contains("set data.path to a file or folder of conversations"), both.err);
    }

    /** Conversations are asked with the template, whether they are read as texts or as tokens; a run that keeps no model is told of it too. */
    @Test
    void theEndOfARunNamesTheCommandThatAsks() {
        assertEquals("next      ./moe4j generate " + folder.resolve("kept") + " --chat",
                next(run(arguments("kept", 1, "--metrics.report", "true"))));
        assertEquals("next      the same with --checkpoint.enable: it keeps the model, for ./moe4j generate --chat",
                next(run(arguments("lost", 1, "--metrics.report", "true", "--checkpoint.enable", "false"))));

        Path tokens = folder.resolve("tokens");
        Result made = run(List.of("tokenize", "--data.path", data.toString(), "--data.messages_field", "messages",
                "--data.chat_template", template.toString(), tokens.toString()));
        assertEquals(0, made.code, made.err);
        assertEquals("next      ./moe4j generate " + folder.resolve("token-run") + " --chat",
                next(run(arguments("token-run", 1, "--metrics.report", "true", "--data.messages_field=",
                        "--data.path", tokens.toString()))));
        assertEquals("next      ./moe4j generate " + folder.resolve("texts"),
                next(run(arguments("texts", 1, "--metrics.report", "true", "--data.messages_field=",
                        "--data.path", ProjectFiles.readme().toString()))));
    }

    private static String next(Result result) {
        assertEquals(0, result.code, result.err);
        return result.out.lines().filter(line -> line.startsWith("next ")).findFirst().orElseThrow();
    }

    /** Labels in sequences of so many: of {@code u:7?;a:7;}, the last two characters, but for those that are the first of a sequence. */
    private static int learned(int length) {
        int at = 0;
        int labels = 0;
        for (int i = 0; i < 60; i++) {
            int digits = String.valueOf(i).length();
            int answer = at + "u:?;a:".length() + digits;
            at = answer + digits + 1;
            for (int token = answer; token < at; token++) {
                labels += token % (length + 1) == 0 ? 0 : 1;
            }
        }
        return labels;
    }

    private List<String> train(String name, int steps, String... more) throws IOException {
        Result result = run(arguments(name, steps, more));
        assertEquals(0, result.code, result.err);
        return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl"));
    }

    private List<String> arguments(String name, int steps, String... more) {
        List<String> all = new ArrayList<>(List.of("train", "--model.from", ProjectFiles.tinyModel(),
                "--data.tokenizer", "bytes", "--data.path", data.toString(), "--data.messages_field", "messages",
                "--data.chat_template", template.toString(), "--data.document_boundaries", "--data.shuffle_tokens",
                "64",
                "--training.seq_len", "24", "--training.local_batch_size", "2", "--training.steps",
                String.valueOf(steps),
                "--metrics.report", "false", "--checkpoint.enable", "--output", folder.resolve(name).toString()));
        all.addAll(List.of(more));
        return all;
    }

    private static List<String> losses(List<String> metrics) {
        return metrics.stream().map(line -> line.replaceAll(".*\"step\":(\\d+).*\"loss\":([^,]*),.*", "$1 $2"))
                .toList();
    }

    private static Result run(List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }
}
