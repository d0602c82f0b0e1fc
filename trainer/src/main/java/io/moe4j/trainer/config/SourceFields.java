package io.moe4j.trainer.config;

import java.util.Optional;

/**
 * The content of a source's files: texts, with or without prompts, or conversations.
 *
 * @param text the key or column with the text, if there are texts
 * @param prompt the key or column with the prompt, which precedes a text and is not learned
 * @param messages the key or column with the messages; absent if there are texts
 */
record SourceFields(String text, Optional<String> prompt, Optional<String> messages) {

    /**
     * The fields of {@code data.text_field}, {@code data.prompt_field} and {@code data.messages_field}, which apply to all sources without fields of their
     * own.
     */
    static SourceFields of(DataConfig data) {
        return new SourceFields(data.textField(), data.promptField(), data.messagesField());
    }

    /**
     * The fields of one source. A source that names its messages has conversations; one that names its text or its prompt has texts, even if
     * {@code data.messages_field} is set.
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
