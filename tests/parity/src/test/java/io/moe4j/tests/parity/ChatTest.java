package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.Conversations;
import io.moe4j.data.Corpus;
import io.moe4j.data.CorpusOptions;
import io.moe4j.data.DocumentSplit;
import io.moe4j.data.RenderedConversation;
import io.moe4j.data.TokenFolder;
import io.moe4j.data.Tokenization;
import io.moe4j.data.Tokenizers;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.plugins.Plugins;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Conversations against what transformers 5.18 makes of them (make_chat.py): text, ids, and which ids are the assistant's. Templates without marks must have
 * the same answers as with them.
 */
class ChatTest {
    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"chatml, marked", "chatml, plain", "markers, marked", "markers, plain", "thinking, marked",
            "thinking, plain"})
    void textIdsAndMaskAreThoseOfTransformers(String name, String kind) throws Exception {
        JsonNode golden = golden(name);
        Conversations conversations = format(golden, kind).conversations("messages");
        StringBuilder lines = new StringBuilder();
        for (JsonNode each : golden.path("documents")) {
            RenderedConversation rendered = conversations.render(each.path("document").toString());
            assertEquals(each.path("text").stringValue(), rendered.text());
            lines.append(each.path("document")).append('\n');
        }
        Path file = Files.writeString(folder.resolve("chat.jsonl"), lines);
        try (Tokenizer tokenizer = tokenizer(golden)) {
            Tokenization.run(
                    Corpus.open(Optional.of(file),
                            CorpusOptions.DEFAULT.withConversations(Optional.of(conversations))),
                    tokenizer, new Tokenization.Options("x", DocumentSplit.NONE, 1 << 20, 1), folder.resolve("tokens"),
                    (done, all, tokens) -> {
                    });
        }
        byte[] bits = Files.readAllBytes(folder.resolve("tokens/shard-00000.learned"));
        try (TokenFolder tokens = TokenFolder.open(folder.resolve("tokens"))) {
            assertEquals(golden.path("documents").size(), tokens.documents());
            for (int i = 0; i < tokens.documents(); i++) {
                JsonNode expected = golden.path("documents").get(i);
                TokenFolder.Extent document = tokens.document(i);
                int[] ids = new int[(int) (document.end() - document.start())];
                tokens.read(document.start(), ids, 0, ids.length);
                assertEquals(expected.path("ids").toString(), JSON.writeValueAsString(ids), "ids of " + i);
                StringBuilder mask = new StringBuilder();
                for (long at = document.start(); at < document.end(); at++) {
                    mask.append(bits[(int) (at / 8)] >> at % 8 & 1);
                }
                assertEquals(expected.path("mask").stringValue(), mask.toString(), "mask of " + expected.path("text"));
            }
        }
        assertTrue(Files.exists(folder.resolve("tokens/tokenizer/chat_template.jinja")));
    }

    @ParameterizedTest
    @CsvSource({"chatml, <|im_end|>", "markers, <｜end▁of▁sentence｜>", "thinking, <|im_end|>"})
    void aPromptAsksAsTransformersDoes(String name, String ending) throws IOException {
        JsonNode golden = golden(name);
        ChatFormat format = format(golden, "plain");
        assertEquals(Optional.of(ending), format.ending());
        try (Tokenizer tokenizer = tokenizer(golden)) {
            for (JsonNode each : golden.path("documents")) {
                Map<String, Object> variables = values(each.path("document"));
                List<?> messages = (List<?>) variables.remove("messages");
                @SuppressWarnings("unchecked") Map<String, Object> first = (Map<String, Object>) messages.getFirst();
                String prompt = format.prompt(List.of(first), variables);
                assertEquals(each.path("asked").toString(), JSON.writeValueAsString(ids(tokenizer, prompt)), prompt);
            }
        }
    }

    /** A control: with another template, the masks differ. */
    @Test
    void anotherTemplateMarksOtherTokens() throws Exception {
        JsonNode golden = golden("chatml");
        String template = golden.path("marked").stringValue().replace("message.role == 'assistant'",
                "message.role == 'user'");
        JsonNode document = golden.path("documents").get(0);
        RenderedConversation rendered = ChatFormat.of(template, Map.of()).conversations("messages")
                .render(document.path("document").toString());
        assertEquals(document.path("text").stringValue(), rendered.text());
        RenderedConversation.Part part = rendered.learned().getFirst();
        assertEquals("Hi<|im_end|>", rendered.text().substring(part.start(), part.end()));
    }

    private static JsonNode golden(String name) throws IOException {
        return goldens().path("cases").valueStream().filter(each -> each.path("name").stringValue().equals(name))
                .findFirst().orElseThrow();
    }

    private static JsonNode goldens() throws IOException {
        try (InputStream in = Objects
                .requireNonNull(ChatTest.class.getResourceAsStream("chat/conversations.json"))) {
            return JSON.readTree(in);
        }
    }

    private static ChatFormat format(JsonNode golden, String kind) {
        return ChatFormat.of(golden.path(kind).stringValue(),
                JSON.convertValue(golden.path("special"), new TypeReference<Map<String, String>>() {}));
    }

    private Tokenizer tokenizer(JsonNode golden) throws IOException {
        String name = golden.path("tokenizer").stringValue();
        Path made = Files.createDirectories(folder.resolve(name));
        Files.writeString(made.resolve("tokenizer.json"), goldens().path("tokenizers").path(name).toString());
        return Tokenizers.open(Plugins.load(List.of()), made.resolve("tokenizer.json").toString(),
                Optional.of(golden.path("special").path("eos_token").stringValue()));
    }

    private static Map<String, Object> values(JsonNode object) {
        return new LinkedHashMap<>(JSON.convertValue(object, new TypeReference<Map<String, Object>>() {}));
    }

    private static List<Integer> ids(Tokenizer tokenizer, String text) throws IOException {
        Tokenizer.Tokens tokens = tokenizer.tokens(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        List<Integer> ids = new ArrayList<>();
        int[] some = new int[100];
        for (int read = tokens.read(some, 0, 100); read >= 0; read = tokens.read(some, 0, 100)) {
            for (int i = 0; i < read; i++) {
                ids.add(some[i]);
            }
        }
        return ids;
    }
}
