package io.moe4j.tokenizer.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against what Hugging Face's tokenizers 0.23.2 wrote. */
class HuggingFaceTokenizerTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"byte_bpe, 0", "nfc_bpe, 1", "unigram, 2"})
    void everyIdIsTheSame(String name, int end) throws Exception {
        JsonNode golden = JsonMapper.shared().readTree(Files.readString(file(name).resolveSibling("cases.json")));
        try (Tokenizer tokenizer = open(file(name))) {
            assertEquals(golden.path("vocabulary").intValue(), tokenizer.vocabulary());
            assertEquals(end, tokenizer.endToken());
            assertTrue(golden.path("cases").size() > 60);
            for (JsonNode each : golden.path("cases")) {
                String text = each.path("text").stringValue();
                assertEquals(each.path("ids").valueStream().map(JsonNode::intValue).toList(), ids(tokenizer, text),
                        text);
            }
        }
    }

    /** Id by id: what is given, put together, is what the library makes of all ids at once. */
    @ParameterizedTest
    @ValueSource(strings = {"byte_bpe", "nfc_bpe", "unigram"})
    void textComesIdById(String name) throws Exception {
        JsonNode golden = JsonMapper.shared().readTree(Files.readString(file(name).resolveSibling("cases.json")));
        try (Tokenizer tokenizer = open(file(name))) {
            Tokenizer.Decoder decoder = tokenizer.decoder().orElseThrow();
            for (JsonNode each : golden.path("cases")) {
                StringBuilder text = new StringBuilder();
                each.path("ids").forEach(id -> text.append(decoder.next(id.intValue())));
                text.append(decoder.end());
                assertEquals(each.path("decoded").stringValue(), text.toString());
            }
            assertThrows(IllegalArgumentException.class, () -> decoder.next(tokenizer.vocabulary()));
            assertThrows(IllegalArgumentException.class, () -> decoder.next(-1));
        }
    }

    @Test
    void anIncompleteCharacterIsHeldBack() throws Exception {
        try (Tokenizer tokenizer = open(file("byte_bpe"))) {
            Tokenizer.Decoder decoder = tokenizer.decoder().orElseThrow();
            List<Integer> ids = ids(tokenizer, "\uD83D\uDE00");
            assertTrue(ids.size() > 1, ids.toString());
            for (int id : ids.subList(0, ids.size() - 1)) {
                assertEquals("", decoder.next(id));
            }
            assertEquals("\uD83D\uDE00", decoder.next(ids.getLast()));
            assertEquals("", decoder.next(ids.getFirst()));
            assertEquals("\uFFFD", decoder.end());
        }
    }

    @Test
    void theConfigurationNamesTheEnd() throws Exception {
        Files.copy(file("byte_bpe"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":{\"content\":\"<|im_end|>\"}}");
        try (Tokenizer tokenizer = open(folder)) {
            assertEquals(2, tokenizer.endToken());
        }
        try (Tokenizer tokenizer = open(folder, "<|im_start|>")) {
            assertEquals(1, tokenizer.endToken());
        }
        String unknown = String.valueOf(assertThrows(InputException.class, () -> open(folder, "<mine>")).getMessage());
        assertTrue(unknown.contains("data.end_token") && unknown.contains("<mine>"), unknown);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":\"<none>\"}");
        assertTrue(refusal(folder).contains("<none>"), refusal(folder));
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\":1}");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\":[2,1]}");
        try (Tokenizer tokenizer = open(folder)) {
            assertEquals(2, tokenizer.endToken(), "the first of generation_config.json");
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":null}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"eos_token\":\"<|im_start|>\"}");
        try (Tokenizer tokenizer = open(folder)) {
            assertEquals(1, tokenizer.endToken(), "as in older folders");
        }
        Files.delete(folder.resolve("special_tokens_map.json"));
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\":714}");
        assertTrue(refusal(folder).contains("eos_token_id of") && refusal(folder).contains("714"), refusal(folder));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"{} | has no ids", "nope | not JSON",
            "version https://git-lfs.github.com/spec/v1 | is only a pointer of Git LFS to the file",
            "{\"model\":{\"vocab\":{\"a\":0},\"dropout\":0.1}} | dropout is 0.1", "`` | no ids",
            "{\"model\":{\"vocab\":{\"a\":-1}}} | id of \"a\" is -1",
            "{\"model\":{\"vocab\":{\"a\":0}}} | no token that ends a document",
            "{\"model\":{\"vocab\":{\"a\":0}},\"added_tokens\":[{\"id\":1,\"content\":\"</s>\"}]} | is no tokenizer"})
    void whatIsNoTokenizerIsRefused(String json, String expected) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
        assertTrue(refusal(file).contains("tokenizer.json") && refusal(file).contains(expected), refusal(file));
    }

    private static String refusal(Path path) {
        return String.valueOf(assertThrows(InputException.class, () -> open(path)).getMessage());
    }

    private static Tokenizer open(Path path) {
        HuggingFaceTokenizerProvider provider = new HuggingFaceTokenizerProvider();
        assertTrue(provider.reads(path));
        return provider.open(Optional.of(path));
    }

    private static Tokenizer open(Path path, String endToken) {
        return new HuggingFaceTokenizerProvider().open(TokenizerSource.of(path).withEndToken(Optional.of(endToken)));
    }

    /** In pieces of 7, as a reader of sequences may ask for them. */
    private static List<Integer> ids(Tokenizer tokenizer, String text) throws IOException {
        Tokenizer.Tokens tokens = tokenizer.tokens(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        List<Integer> ids = new ArrayList<>();
        int[] some = new int[9];
        for (int read = tokens.read(some, 1, 7); read >= 0; read = tokens.read(some, 1, 7)) {
            assertTrue(read > 0);
            for (int i = 0; i < read; i++) {
                ids.add(some[1 + i]);
            }
        }
        return ids;
    }

    private static Path file(String name) throws URISyntaxException {
        return Path.of(HuggingFaceTokenizerTest.class.getResource(name + "/tokenizer.json").toURI());
    }
}
