package io.moe4j.chattemplate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a model's folder has its template. */
final class FolderTemplateTest {
    @TempDir
    Path folder;

    @Test
    void aFolderWithoutTemplate() throws IOException {
        assertEquals(Optional.empty(), FolderTemplate.find(folder));
        write("tokenizer_config.json", "{\"eos_token\": \"</s>\"}");
        assertEquals(Optional.empty(), FolderTemplate.find(folder));
        write("tokenizer_config.json", "{\"chat_template\": null}");
        assertEquals(Optional.empty(), FolderTemplate.find(folder));
    }

    @Test
    void theFirstPlaceCounts() throws IOException {
        write("chat_template.json", "{\"chat_template\": \"3\"}");
        assertEquals("3", rendered());
        write("tokenizer_config.json", "{\"chat_template\": \"2\"}");
        assertEquals("2", rendered());
        write("chat_template.jinja", "1\n");
        assertEquals("1", rendered());
        assertEquals(folder.resolve("chat_template.jinja"), found().file());
    }

    @Test
    void severalTemplates() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"default\", \"template\": \"d\"},"
                + " {\"name\": \"tool_use\", \"template\": \"t\"}, {\"name\": \"rag\", \"template\": \"{%\"}]}");
        assertEquals("d", rendered());
        assertEquals("t", found().templateWithTools().render(Map.of()));
        write("chat_template.jinja", "file");
        assertEquals("file", rendered());
        assertSame(found().template().getClass(), found().templateWithTools().getClass());
        assertEquals("file", found().templateWithTools().render(Map.of()));
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        write("additional_chat_templates/tool_use.jinja", "other");
        assertEquals("other", found().templateWithTools().render(Map.of()));
    }

    @Test
    void specialTokens() throws IOException {
        write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}");
        write("tokenizer_config.json",
                "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": false}, \"eos_token\": \"</s>\", \"pad_token\": null}");
        assertEquals(Map.of("bos_token", "<s>", "eos_token", "</s>"), found().specialTokens());
        assertEquals("<s></s>False", found().template().render(found().specialTokens()));
        write("special_tokens_map.json", "{\"eos_token\": {\"content\": \"<end>\"}}");
        assertEquals("<end>", found().specialTokens().get("eos_token"));
        write("tokenizer_config.json", "{\"eos_token\": \"</s>\", \"added_tokens_decoder\": {}}");
        assertEquals(Map.of("eos_token", "</s>"), found().specialTokens());
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"}]}");
        refused("tokenizer_config.json has the chat templates [rag] and none that is named \"default\"");
        write("tokenizer_config.json", "{\"chat_template\": 5}");
        refused("must be a text, or a list of objects with name and template");
        write("tokenizer_config.json", "{\"chat_template\": [7]}");
        refused("must be a text, or a list of objects with name and template");
        write("tokenizer_config.json", "{");
        refused("tokenizer_config.json is no JSON: ");
        write("tokenizer_config.json", "{\"chat_template\": \"{% x %}\"}");
        refused("tokenizer_config.json: the chat template, line 1, column 4, at \"x %}\": there is no tag \"x\"");
        Files.write(folder.resolve("chat_template.jinja"), new byte[] {(byte) 0xff});
        refused("chat_template.jinja is not in UTF-8");
    }

    private void refused(String message) {
        InputException e = assertThrows(InputException.class, () -> FolderTemplate.find(folder));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    private FolderTemplate found() {
        return FolderTemplate.find(folder).orElseThrow();
    }

    private String rendered() {
        return found().template().render(Map.of());
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
