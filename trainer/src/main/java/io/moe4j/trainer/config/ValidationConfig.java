package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the model is validated during training.
 *
 * @param interval steps between two validations; the last step of a run is validated too; 0 for none
 * @param steps the most batches of a validation, each with as many sequences as a step of training; 0 to read all the data
 * @param path a file or folder that is read for validation only
 * @param split fraction of the training documents that is kept for validation instead, in [0, 1)
 * @param textField the field with the texts of {@code path}; it cannot be none
 * @param promptField the field with the prompts of {@code path}
 * @param messagesField the field with the conversations of {@code path}; that of {@code data} only if neither of the fields above is its own
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ValidationConfig(int interval, int steps, Optional<Path> path, double split, FieldChoice textField,
        FieldChoice promptField, FieldChoice messagesField) {

    /** Reads {@code path} as the section {@code data} says. */
    public ValidationConfig(int interval, int steps, Optional<Path> path, double split) {
        this(interval, steps, path, split, new FieldChoice.OfData(), new FieldChoice.OfData(),
                new FieldChoice.OfData());
    }

    /** With another value of {@code interval}. */
    public ValidationConfig withInterval(int value) {
        return Components.with(this, "interval", value);
    }

    /** With another value of {@code steps}. */
    public ValidationConfig withSteps(int value) {
        return Components.with(this, "steps", value);
    }

    /** With another value of {@code path}. */
    public ValidationConfig withPath(Optional<Path> value) {
        return Components.with(this, "path", value);
    }

    /** With another value of {@code split}. */
    public ValidationConfig withSplit(double value) {
        return Components.with(this, "split", value);
    }

    /** With another value of {@code textField}. */
    public ValidationConfig withTextField(FieldChoice value) {
        return Components.with(this, "textField", value);
    }

    /** With another value of {@code promptField}. */
    public ValidationConfig withPromptField(FieldChoice value) {
        return Components.with(this, "promptField", value);
    }

    /** With another value of {@code messagesField}. */
    public ValidationConfig withMessagesField(FieldChoice value) {
        return Components.with(this, "messagesField", value);
    }

    /** The data at {@code path}, as a source that is read once. */
    SourceConfig source() {
        return new SourceConfig(path, 1, Optional.of(1L), given(textField).filter(field -> !field.isEmpty()),
                given(promptField), given(messagesField));
    }

    /** A field as tables of sources have it: empty text for none, absent for that of {@code data}. */
    private static Optional<String> given(FieldChoice field) {
        return switch (field) {
            case FieldChoice.OfData() -> Optional.empty();
            case FieldChoice.None() -> Optional.of("");
            case FieldChoice.Named(String name) -> Optional.of(name);
        };
    }
}
