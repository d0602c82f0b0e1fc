package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * A conversation as one text.
 *
 * @param text the text that the model reads, special tokens included
 * @param learned the parts of the text that are learned, in order, without overlap
 * @param key decides on which side of {@link DocumentSplit} it is: two conversations with the same messages have the same key
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RenderedConversation(String text, List<Part> learned, String key) {

    public RenderedConversation {
        learned = List.copyOf(learned);
    }

    /**
     * A part of a text, in UTF-16 units.
     *
     * @param start its first unit
     * @param end the unit after its last
     */
    public record Part(int start, int end) {}
}
