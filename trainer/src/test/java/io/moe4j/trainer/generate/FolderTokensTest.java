package io.moe4j.trainer.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderTokensTest {
    private static final String TEMPLATE = "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<s>\"}},"
            + " {\"Sequence\": {\"id\": \"A\"}}, {\"SpecialToken\": {\"id\": \"</s>\"}}]}";

    @TempDir
    private Path folder;

    private void file(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
    }

    @Test
    void aFolderThatSaysNothingHasNone() {
        assertEquals(new FolderTokens("", Set.of()), FolderTokens.of(folder));
    }

    @Test
    void theTemplateOfTheTokenizerSaysHowTextsBegin() throws IOException {
        file("tokenizer.json", "{\"post_processor\": " + TEMPLATE + "}");
        assertEquals("<s>", FolderTokens.of(folder).start());
        file("tokenizer.json",
                "{\"post_processor\": {\"type\": \"Sequence\", \"processors\": [{\"type\": \"ByteLevel\"}, "
                        + TEMPLATE + "]}}");
        assertEquals("<s>", FolderTokens.of(folder).start());
        file("tokenizer.json", "{\"post_processor\": {\"type\": \"ByteLevel\"}}");
        assertEquals("", FolderTokens.of(folder).start());
    }

    @Test
    void theConfigurationOfTheTokenizerDecidesIfItSaysSo() throws IOException {
        file("tokenizer.json", "{\"post_processor\": " + TEMPLATE + "}");
        file("tokenizer_config.json", "{\"add_bos_token\": false, \"bos_token\": \"<s>\"}");
        assertEquals("", FolderTokens.of(folder).start());
        file("tokenizer_config.json", "{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<begin>\"}}");
        assertEquals("<begin>", FolderTokens.of(folder).start());
    }

    /** As in transformers, which takes the token from special_tokens_map.json too, and has nothing to add if there is none. */
    @Test
    void whereTheConfigurationNamesNoTokenOthersDo() throws IOException {
        file("tokenizer_config.json", "{\"add_bos_token\": true, \"bos_token\": null}");
        assertEquals("", FolderTokens.of(folder).start());
        file("tokenizer.json", "{\"post_processor\": " + TEMPLATE + "}");
        assertEquals("<s>", FolderTokens.of(folder).start());
        file("special_tokens_map.json", "{\"bos_token\": {\"content\": \"<begin>\"}}");
        assertEquals("<begin>", FolderTokens.of(folder).start());
        file("tokenizer_config.json", "{\"add_bos_token\": null}");
        assertEquals("<s>", FolderTokens.of(folder).start());
    }

    @Test
    void endTokensAreOneOrSeveral() throws IOException {
        file("config.json", "{\"eos_token_id\": 2}");
        assertEquals(Set.of(2), FolderTokens.of(folder).endTokens());
        file("generation_config.json", "{\"eos_token_id\": [7, 9]}");
        assertEquals(Set.of(7, 9), FolderTokens.of(folder).endTokens());
        file("generation_config.json", "{\"eos_token_id\": null}");
        assertEquals(Set.of(2), FolderTokens.of(folder).endTokens());
    }

    @Test
    void whatIsNoIdIsRefused() throws IOException {
        file("generation_config.json", "{\"eos_token_id\": [7, \"x\"]}");
        InputException e = assertThrows(InputException.class, () -> FolderTokens.of(folder));
        assertTrue(e.getMessage().contains("eos_token_id is [7,\"x\"]"), e.getMessage());
        file("generation_config.json", "{");
        assertThrows(InputException.class, () -> FolderTokens.of(folder));
    }
}
