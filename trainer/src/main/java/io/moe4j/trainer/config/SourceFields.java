package io.moe4j.trainer.config;

import java.util.Optional;

/**
 * What a source has in its files: texts, perhaps with prompts, or conversations.
 *
 * @param text the key or column with the text, where there are texts
 * @param prompt the key or column with what precedes a text and is not learned
 * @param messages the key or column with the messages; absent where there are texts
 */
record SourceFields(String text, Optional<String> prompt, Optional<String> messages) {

    /** Those that {@code data.text_field}, {@code data.prompt_field} and {@code data.messages_field} say, for all sources that have no own ones. */
    static SourceFields of(DataConfig data) {
        return new SourceFields(data.textField(), data.promptField(), data.messagesField());
    }

    /**
     * Those of a source. One that names its messages has conversations; one that names its text or its prompt has texts, also where {@code data.messages_field}
     * is set.
     */
    static SourceFields of(DataConfig data, SourceConfig source) {
        if (!source.hasFields()) {
            return of(data);
        }
        Optional<String> messages = source.messagesField().filter(field -> !field.isEmpty());
        return messages.isPresent() ? new SourceFields(data.textField(), Optional.empty(), messages)
                : new SourceFields(source.textField().orElse(data.textField()),
                        source.promptField().or(data::promptField).filter(field -> !field.isEmpty()), Optional.empty());
    }
}
