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
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One run on conversations, on prompts with answers, and on plain texts: each source is read as it says. */
class MixedConversationsTest {
    private static final String TEMPLATE = "{% for m in messages %}{{ m.role[0] }}:{{ m.content }};{% endfor %}"
            + "{% if add_generation_prompt %}a:{% endif %}";

    @TempDir
    private Path folder;
    private Path chat;
    private Path answers;
    private Path web;
    private Path template;

    private record Result(int code, String out, String err) {}

    /** Each document is a sequence of 8 tokens: 8 that the template writes, or 7 and the end token. */
    @BeforeEach
    void write() throws IOException {
        chat = Files.writeString(folder.resolve("chat.jsonl"),
                "{\"turns\": [{\"role\": \"user\", \"content\": \"?\"}, {\"role\": \"assistant\", \"content\": \"!\"}]}\n"
                        .repeat(90));
        answers = Files.writeString(folder.resolve("answers.jsonl"),
                "{\"ask\": \"1 +1=\", \"say\": \"2.\"}\n".repeat(90));
        web = Files.createDirectory(folder.resolve("web"));
        Files.writeString(web.resolve("a.jsonl"), "{\"text\": \"abcdefg\"}\n".repeat(50));
        Files.writeString(web.resolve("b.txt"), "hijklmn");
        template = Files.writeString(folder.resolve("own.jinja"), TEMPLATE);
    }

    @Test
    void eachSourceIsReadAsItSays() throws IOException {
        // A step has a sequence of each source. "!;" of a conversation is learned, "2." and the end of an answer, and all but the first token of a text.
        List<String> lines = train("all", 6, "--metrics.report", "true");
        assertEquals(Collections.nCopies(6, 2 + 3 + 7),
                lines.stream().map(line -> Integer.valueOf(line.replaceAll(".*\"labels\":(\\d+).*", "$1"))).toList());
        train("parts", 2);
        train("parts", 4, "--checkpoint.resume", "auto");
        assertEquals(losses(lines), losses(train("parts", 6, "--checkpoint.resume", "auto")));

        Result changed = run(
                arguments("parts", 8, "--checkpoint.resume", "auto", "--data.sources.answers.prompt_field", ""));
        assertEquals(2, changed.code, changed.err);
        assertTrue(changed.err.contains("the data source \"answers\"") && changed.err.contains("has changed since"),
                changed.err);
    }

    @Test
    void aFolderOfTokensIsOneOfThem() {
        Path tokens = folder.resolve("tokens");
        Result made = run(List.of("tokenize", "--data.path", chat.toString(), "--data.messages_field", "turns",
                "--data.chat_template", template.toString(), tokens.toString()));
        assertEquals(0, made.code, made.err);
        Result own = run(arguments("own", 1, "--data.sources.chat.path", tokens.toString()));
        assertEquals(2, own.code, own.err);
        assertTrue(own.err.contains("[data.sources.chat]") && own.err.contains("has tokens, and text_field"), own.err);
        List<String> plain = new ArrayList<>(arguments("trained", 1, "--data.sources.chat.path", tokens.toString()));
        plain.subList(plain.indexOf("--data.sources.chat.messages_field"),
                plain.indexOf("--data.sources.chat.messages_field") + 2).clear();
        Result trained = run(plain);
        assertEquals(0, trained.code, trained.err);
    }

    @Test
    void whatDoesNotFitItsSourceIsRefusedWithTheRemedy() {
        Result plain = run(arguments("refused", 1, "--data.sources.web.messages_field", "turns",
                "--data.sources.web.path", web.resolve("b.txt").toString()));
        assertEquals(2, plain.code, plain.err);
        assertTrue(plain.err.contains("b.txt is plain text, and messages_field = \"turns\" reads conversations")
                && plain.err
                        .contains("make a source of each ([data.sources.NAME], with its messages_field or text_field)"),
                plain.err);
        Result other = run(arguments("refused", 1, "--data.sources.web.messages_field", "turns",
                "--data.sources.web.path", web.resolve("a.jsonl").toString()));
        assertEquals(2, other.code, other.err);
        assertTrue(other.err.contains("has no key \"turns\"; data.messages_field says which key has the messages, or"
                + " messages_field of its source"), other.err);
    }

    private List<String> train(String name, int steps, String... more) throws IOException {
        Result result = run(arguments(name, steps, more));
        assertEquals(0, result.code, result.err);
        if (result.out.contains("next ")) {
            assertTrue(result.out.contains("generate " + folder.resolve(name) + " --chat"), result.out);
        }
        return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl"));
    }

    private List<String> arguments(String name, int steps, String... more) {
        List<String> all = new ArrayList<>(List.of("train", "--model.from", ProjectFiles.tinyModel(),
                "--data.tokenizer", "bytes", "--data.sources.chat.path", chat.toString(),
                "--data.sources.chat.messages_field", "turns", "--data.sources.answers.path", answers.toString(),
                "--data.sources.answers.prompt_field", "ask", "--data.sources.answers.text_field", "say",
                "--data.sources.web.path", web.toString(), "--data.chat_template", template.toString(),
                "--data.document_boundaries", "--data.shuffle_tokens", "64", "--training.seq_len", "7", "--ranks", "1",
                "--parallelism.expert_parallel_degree", "1", "--training.local_batch_size", "3", "--training.steps",
                String.valueOf(steps), "--metrics.report", "false", "--checkpoint.enable", "--output",
                folder.resolve(name).toString()));
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
