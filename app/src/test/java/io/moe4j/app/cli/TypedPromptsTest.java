package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.generate.Prompt;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.Test;

/** Which typed lines are prompts. */
class TypedPromptsTest {

    @ParameterizedTest
    @ValueSource(strings = {"/exit", " /help ", "/?", "/NEW", "/bye"})
    void oneWordAfterASlashIsNoPromptOfAConversation(String line) {
        TypedPrompts chat = TypedPrompts.conversation(Optional.empty());
        assertFalse(chat.beginsAnew(line));
        assertTrue(chat.isNoCommand(line));
        assertFalse(TypedPrompts.texts().isNoCommand(line), "a text may begin like this");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "/ what is this?", "1/2", "/tmp is full", "/"})
    void otherLinesArePrompts(String line) {
        assertFalse(TypedPrompts.conversation(Optional.empty()).isNoCommand(line));
    }

    @Test
    void newForgetsWhatWasSaid() {
        TypedPrompts chat = TypedPrompts.conversation(Optional.empty());
        chat.answered(chat.prompt("a"), "b");
        assertEquals(3, ((Prompt.Chat) chat.prompt("c")).messages().size());
        assertTrue(chat.beginsAnew(TypedPrompts.NEW));
        assertEquals(1, ((Prompt.Chat) chat.prompt("c")).messages().size());
    }
}
