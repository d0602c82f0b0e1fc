package io.moe4j.app.cli;

import io.moe4j.app.generate.Prompt;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns typed lines into prompts: each line is a separate text, or all lines form one conversation. For use by one thread. */
final class TypedPrompts {
    /** Typed to begin a new conversation. */
    static final String NEW = "/new";

    private static final Pattern WORD = Pattern.compile("/[a-zA-Z?]+");

    private final boolean chat;
    private final Optional<String> system;
    private Prompt.@Nullable Chat before;

    private TypedPrompts(boolean chat, Optional<String> system) {
        this.chat = chat;
        this.system = system;
    }

    /** Each line begins a new text. */
    static TypedPrompts texts() {
        return new TypedPrompts(false, Optional.empty());
    }

    /** Each line is what a user says next. */
    static TypedPrompts conversation(Optional<String> system) {
        return new TypedPrompts(true, system);
    }

    boolean isConversation() {
        return chat;
    }

    /** Whether a line begins another conversation; it is no prompt then. */
    boolean beginsAnew(String line) {
        if (!chat || !line.strip().equals(NEW)) {
            return false;
        }
        before = null;
        return true;
    }

    /**
     * Whether a line is one word after a slash, such as {@code /exit}, which people try as a command: it is no prompt then, because a model would answer it,
     * and it would stay in the conversation.
     */
    boolean isNoCommand(String line) {
        return chat && WORD.matcher(line.strip()).matches();
    }

    /** The prompt of a line. */
    Prompt prompt(String line) {
        Prompt.Chat conversation = before;
        return !chat ? new Prompt.Text(line)
                : conversation == null ? Prompt.Chat.of(system, line) : conversation.with("user", line);
    }

    /** Keeps an answer. A prompt without one is forgotten. */
    void answered(Prompt prompt, String text) {
        if (prompt instanceof Prompt.Chat conversation) {
            before = conversation.with("assistant", text);
        }
    }
}
