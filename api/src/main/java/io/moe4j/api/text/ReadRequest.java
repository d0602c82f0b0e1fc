package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * What a {@link SourceProvider} is to read. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param input the file
 * @param position where to begin, from {@link DocumentReader#position()}; empty for the beginning
 * @param textField name of the key or column that has the text
 * @param promptField name of the key or column that has the prompt, where documents have one
 * @param messagesField name of the key or column that has a conversation. If present, it is read instead of text and prompt, and only of providers that
 *     {@link SourceProvider#readsMessages()}: the text of each document is then a JSON object in UTF-8 with this key and all other keys or columns. Whether
 *     it is a conversation is not for the provider to check
 * @param log receives what is wrong
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
