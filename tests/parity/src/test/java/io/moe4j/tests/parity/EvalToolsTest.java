package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command line's {@code eval} on conversations with tools, of a model that has a template of its own for them. */
class EvalToolsTest {
    private static final Path MODEL = Goldens.path("deepseek_v3").resolveSibling("export").resolve("v3");
    private static final String TEMPLATE = "{% for m in messages %}<3>{{ m.content }}<5>{% endfor %}";

    @TempDir
    private Path temp;

    /** It reads them as training and {@code tokenize} do: the loss is that of the folder of tokens. */
    @Test
    void theyAreReadWithTheTemplateForTools() throws IOException {
        try (Stream<Path> files = Files.list(MODEL)) {
            for (Path file : files.toList()) {
                Files.copy(file, temp.resolve(file.getFileName().toString()));
            }
        }
        String vocabulary = IntStream.range(0, 256).mapToObj(id -> "\"<" + id + ">\":" + id)
                .collect(Collectors.joining(","));
        Path tokenizer = Files.writeString(temp.resolve("tokenizer.json"), "{\"added_tokens\":["
                + IntStream.range(0, 256)
                        .mapToObj(id -> "{\"id\":" + id + ",\"content\":\"<" + id + ">\",\"single_word\":false,"
                                + "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}")
                        .collect(Collectors.joining(","))
                + "],\"pre_tokenizer\":{\"type\":\"Whitespace\"},"
                + "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"<9>\",\"vocab\":{" + vocabulary + "}}}");
        Files.writeString(temp.resolve("tokenizer_config.json"), "{\"eos_token\":\"<0>\"}");
        Files.writeString(temp.resolve("chat_template.jinja"), TEMPLATE);
        Files.writeString(Files.createDirectory(temp.resolve("additional_chat_templates")).resolve("tool_use.jinja"),
                "<20><21><22>" + TEMPLATE);
        Path texts = Files.writeString(temp.resolve("tools.jsonl"), "{\"messages\":[{\"role\":\"user\",\"content\":"
                + "\"<8>\"},{\"role\":\"assistant\",\"content\":\"<7><6>\"}],\"tools\":[{\"name\":\"f\"}]}\n");
        Path tokens = temp.resolve("tokens");
        run("tokenize", "--data.tokenizer", tokenizer, "--data.path", texts, "--data.messages_field", "messages",
                tokens);
        JsonNode expected = loss("--data", tokens);
        assertTrue(expected.doubleValue() > 0, expected.toString());
        assertEquals(expected, loss("--data", texts, "--data.messages_field", "messages"));
    }

    private JsonNode loss(Object... data) {
        return JsonMapper.shared().readTree(run(Stream.concat(Stream.of("eval", temp, "--json"), Stream.of(data))
                .toArray())).path("loss");
    }

    private static String run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err),
                Stream.of(arguments).map(String::valueOf).toArray(String[]::new)), err::toString);
        return out.toString();
    }
}
