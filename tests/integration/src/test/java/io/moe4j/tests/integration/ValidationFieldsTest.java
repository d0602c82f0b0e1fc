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

/** Data of validation is read by its own fields: plain texts beside conversations in training, and the other way round. */
class ValidationFieldsTest {
    private static final String TEMPLATE = "{% for m in messages %}{{ m.role[0] }}:{{ m.content }};{% endfor %}"
            + "{% if add_generation_prompt %}a:{% endif %}";

    @TempDir
    private Path folder;
    private Path chat;
    private Path texts;
    private Path template;

    private record Result(int code, String out, String err) {}

    /** Each document is a sequence of 8 tokens: 8 that the template writes, or 7 and the end token. */
    @BeforeEach
    void write() throws IOException {
        chat = Files.writeString(folder.resolve("chat.jsonl"),
                "{\"turns\": [{\"role\": \"user\", \"content\": \"?\"}, {\"role\": \"assistant\", \"content\": \"!\"}]}\n"
                        .repeat(20));
        texts = Files.writeString(folder.resolve("texts.jsonl"), "{\"body\": \"abcdefg\"}\n".repeat(5));
        template = Files.writeString(folder.resolve("own.jinja"), TEMPLATE);
    }

    @Test
    void aRunOnConversationsIsValidatedOnTexts() throws IOException {
        String metrics = train("texts", chat, "--data.messages_field", "turns", "--validation.path", texts.toString(),
                "--validation.text_field", "body");
        // All tokens of 5 texts but the first of each have a label, the end token among them.
        assertTrue(metrics.contains("\"validation_tokens\":35"), metrics);
    }

    @Test
    void aRunOnTextsIsValidatedOnConversations() throws IOException {
        String metrics = train("chat", texts, "--data.text_field", "body", "--validation.path", chat.toString(),
                "--validation.messages_field", "turns");
        // "!;" of each of 20 conversations is learned.
        assertTrue(metrics.contains("\"validation_tokens\":40"), metrics);

        Result evaluated = run(List.of("eval", folder.resolve("chat").toString(), "--data", chat.toString(),
                "--validation.messages_field", "turns", "--data.chat_template", template.toString(),
                "--training.seq_len", "7", "--json"));
        assertEquals(0, evaluated.code, evaluated.err);
        assertTrue(evaluated.out.replace(" ", "").contains("\"tokens\":40"), evaluated.out);
    }

    @Test
    void aFolderOfTokensHasBeenReadAndTakesNoFields() {
        Path tokens = folder.resolve("tokens");
        Result made = run(List.of("tokenize", "--data.path", texts.toString(), "--data.text_field", "body",
                "--data.tokenizer", "bytes", tokens.toString()));
        assertEquals(0, made.code, made.err);
        Result refused = run(arguments("refused", texts, "--data.text_field", "body", "--validation.path",
                tokens.toString(), "--validation.text_field", "body"));
        assertEquals(2, refused.code, refused.err);
        assertTrue(refused.err.contains("[validation]") && refused.err.contains("has tokens, and text_field"),
                refused.err);
    }

    private String train(String name, Path data, String... more) throws IOException {
        Result result = run(arguments(name, data, more));
        assertEquals(0, result.code, result.err);
        return Files.readString(folder.resolve(name).resolve("metrics.jsonl"));
    }

    private List<String> arguments(String name, Path data, String... more) {
        List<String> all = new ArrayList<>(List.of("train", "--model.from", ProjectFiles.tinyModel(),
                "--data.tokenizer", "bytes", "--data.path", data.toString(), "--data.chat_template",
                template.toString(), "--training.seq_len", "7", "--ranks", "1", "--parallelism.expert_parallel_degree",
                "1", "--training.local_batch_size", "2", "--training.steps", "1", "--validation.interval", "1",
                "--validation.steps", "0", "--metrics.report", "false", "--checkpoint.enable", "--output",
                folder.resolve(name).toString()));
        all.addAll(List.of(more));
        return all;
    }

    private static Result run(List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }
}
