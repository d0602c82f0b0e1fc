package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The key of JSON objects, or the column of Parquet files, that has one thing of a source's documents: their texts, prompts or messages.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface FieldChoice {

    /** The field that the section {@code data} names. */
    record OfData() implements FieldChoice {}

    /** No field: the documents have no such thing. */
    record None() implements FieldChoice {}

    /** A field of the source's own. */
    record Named(String name) implements FieldChoice {
        public Named {
            if (name.isBlank()) {
                throw new IllegalArgumentException("the name of a field is blank; for no field, give FieldChoice.None");
            }
        }
    }
}
