package io.moe4j.tokenizer.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Tokenizers of other kinds, made by {@code src/test/python/make_tokenizers.py}, against the ids of Hugging Face's library. */
class MoreTokenizersTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"llama, </s>, false", "metaspace, </s>, true", "bert, </s>, false", "gpt2, <|endoftext|>, true",
            "normalized, </s>, false"})
    void everyIdIsTheSame(String name, String end, boolean cut) throws IOException {
        ObjectNode root = (ObjectNode) JsonMapper.shared()
                .readTree(Files.readString(Texts.resource("more/" + name + ".json")));
        JsonNode cases = root.remove("cases");
        Path path = Files.writeString(folder.resolve("tokenizer.json"), root.toString());
        try (Tokenizer tokenizer = new HuggingFaceTokenizerProvider()
                .open(TokenizerSource.of(path).withEndToken(Optional.of(end)))) {
            assertTrue(cases.size() > 30, "cases: " + cases.size());
            assertEquals(cut, CutRules.of(root).any(), "added tokens that take what follows prevent cuts");
            Tokenizer.Decoder decoder = tokenizer.decoder().orElseThrow();
            for (JsonNode each : cases) {
                String text = each.path("text").stringValue();
                assertEquals(each.path("ids").valueStream().map(JsonNode::intValue).toList(),
                        Texts.ids(tokenizer, text), text);
                StringBuilder decoded = new StringBuilder();
                each.path("ids").forEach(id -> decoded.append(decoder.next(id.intValue())));
                assertEquals(each.path("decoded").stringValue(), decoded + decoder.end(), text);
            }
        }
    }
}
