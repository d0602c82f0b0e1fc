package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * What a {@link SourceProvider} is to read. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param input the file
 * @param position where to begin, from {@link DocumentReader#position()}; empty for the beginning
 * @param textField name of the key or column that has the text
 * @param promptField name of the key or column that has the prompt, if documents have one
 * @param messagesField name of the key or column that has a conversation. If present, it is read instead of text and prompt. Only providers with
 *     {@link SourceProvider#readsMessages()} get such requests: the text of each document is then a JSON object in UTF-8 with this key and all other keys or
 *     columns. The provider need not check that it is a conversation
 * @param log receives reports of problems
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ReadRequest(SourceInput input, String position, String textField, Optional<String> promptField,
        Optional<String> messagesField, ReadLog log) {

    /** Reads the field {@code text} from the beginning; there are no prompts. */
    public static ReadRequest of(SourceInput input, ReadLog log) {
        return new ReadRequest(input, "", "text", Optional.empty(), Optional.empty(), log);
    }

    /** From another position. */
    public ReadRequest withPosition(String value) {
        return new ReadRequest(input, value, textField, promptField, messagesField, log);
    }

    /** With other fields. */
    public ReadRequest withFields(String text, Optional<String> prompt) {
        return new ReadRequest(input, position, text, prompt, messagesField, log);
    }

    /** With conversations instead of text. */
    public ReadRequest withMessagesField(Optional<String> value) {
        return new ReadRequest(input, position, textField, promptField, value, log);
    }
}
