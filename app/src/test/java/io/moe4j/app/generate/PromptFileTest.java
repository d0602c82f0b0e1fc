package io.moe4j.app.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptFileTest {

    @TempDir
    private Path folder;

    private List<Prompt> read(String name, String content) throws IOException {
        return PromptFile.read(Files.writeString(folder.resolve(name), content));
    }

    @Test
    void eachLineIsAPrompt() throws IOException {
        assertEquals(List.of(new Prompt.Text("one"), new Prompt.Text(" two")), read("a.txt", "one\r\n\n two"));
    }

    @Test
    void objectsHaveTextsOrIds() throws IOException {
        assertEquals(List.of(new Prompt.Text("a\nb"), new Prompt.Ids(List.of(1, 2))), read("a.jsonl",
                "{\"prompt\": \"a\\nb\", \"prompt_ids\": [9]}\n\n{\"prompt_ids\": [1, 2], \"ids\": [3]}\n"));
    }

    @Test
    void objectsHaveConversations() throws IOException {
        Prompt.Chat chat = new Prompt.Chat(List.of(Map.of("role", "user", "content", "a")), Map.of("tools", List.of()));
        assertEquals(List.of(chat), read("a.jsonl",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[]}"));
        assertEquals(List.of("system", "user", "assistant"), chat.after("b").with("assistant", "c").messages().stream()
                .map(message -> message.get("role")).toList());
        assertThrows(InputException.class, () -> chat.after("b").after("c"));
        for (String messages : List.of("[]", "null", "[{}]", "7", "[{\"role\":1}]")) {
            assertThrows(InputException.class, () -> read("b.jsonl", "{\"messages\":" + messages + "}"), messages);
        }
    }

    @Test
    void aByteOrderMarkIsNoPartOfAPrompt() throws IOException {
        assertEquals(List.of(new Prompt.Text("one"), new Prompt.Text("\uFEFFtwo")),
                read("a.txt", "\uFEFFone\n\uFEFFtwo"));
        assertEquals(List.of(new Prompt.Text("one")), read("A.NDJSON", "\uFEFF{\"prompt\": \"one\"}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"prompt\": 3}", "{\"prompt_ids\": []}", "{\"prompt_ids\": [1.5]}", "[1]", "nonsense"})
    void anotherObjectIsRefusedWithItsLine(String line) {
        InputException e = assertThrows(InputException.class, () -> read("a.jsonl", "{\"prompt\": \"x\"}\n" + line));
        assertTrue(e.getMessage().contains("a.jsonl, line 2 "), e.getMessage());
    }

    @Test
    void aFileWithoutPromptsIsRefused() {
        assertTrue(assertThrows(InputException.class, () -> read("a.txt", "\n \n")).getMessage()
                .contains("of its 2 lines, none has text"));
        assertThrows(InputException.class, () -> PromptFile.read(folder.resolve("missing")));
        assertThrows(InputException.class, () -> PromptFile.read(folder));
    }

    @Test
    void idsAreNumbers() {
        assertEquals(new Prompt.Ids(List.of(5, 17, 2)), Prompt.Ids.parse(" 5,17 2 "));
        assertEquals(new Prompt.Ids(List.of(2_147_483_647)), Prompt.Ids.parse("2147483647"));
        for (String bad : List.of("", "5,,2", "-1", "5,x", "4294967295", "99999999999")) {
            assertThrows(InputException.class, () -> Prompt.Ids.parse(bad), bad);
        }
    }
}
