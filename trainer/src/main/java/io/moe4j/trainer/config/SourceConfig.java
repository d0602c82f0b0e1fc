package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A source of a mixture: a table {@code [data.sources.NAME]}. There may be any number of such tables.
 *
 * @param path a file or folder
 * @param weight the source's share of the sequences, in proportion to the weights of the other sources
 * @param epochs how often the source is read before it is used up, 0 for no limit; if absent, {@code data.epochs}
 * @param textField the key or column with its texts; if absent, {@code data.text_field}
 * @param promptField the key or column with its prompts, empty for none; if absent, {@code data.prompt_field}
 * @param messagesField the key or column with its conversations, empty if it has texts; if absent, and {@code textField} and {@code promptField} are absent
 *     too, {@code data.messages_field}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SourceConfig(Optional<Path> path, double weight, Optional<Long> epochs, Optional<String> textField,
        Optional<String> promptField, Optional<String> messagesField) {
    /** The weight of a source whose table gives none. */
    static final SourceConfig EMPTY = new SourceConfig(Optional.empty(), 1, Optional.empty());

    /** Without fields of its own. */
    public SourceConfig(Optional<Path> path, double weight, Optional<Long> epochs) {
        this(path, weight, epochs, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** A source of weight 1, without a limit of its own. */
    public static SourceConfig of(Path path) {
        return new SourceConfig(Optional.of(path), 1, Optional.empty());
    }

    /** With another weight. */
    public SourceConfig withWeight(double value) {
        return Components.with(this, "weight", value);
    }

    /** With another limit of epochs. */
    public SourceConfig withEpochs(long value) {
        return Components.with(this, "epochs", Optional.of(value));
    }

    /** With another value of {@code textField}. */
    public SourceConfig withTextField(Optional<String> value) {
        return Components.with(this, "textField", value);
    }

    /** With another value of {@code promptField}. */
    public SourceConfig withPromptField(Optional<String> value) {
        return Components.with(this, "promptField", value);
    }

    /** With another value of {@code messagesField}. */
    public SourceConfig withMessagesField(Optional<String> value) {
        return Components.with(this, "messagesField", value);
    }

    SourceConfig withPath(Optional<Path> value) {
        return Components.with(this, "path", value);
    }

    /** Whether the source has a field of its own, which says what its files contain. */
    boolean hasFields() {
        return textField.isPresent() || promptField.isPresent() || messagesField.isPresent();
    }
}
