package io.moe4j.chattemplate;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * A rendered conversation, and the parts that the template marks as the assistant's with <code>{% generation %}</code> blocks.
 *
 * @param text the conversation as one text
 * @param generated the assistant's parts in their order, which do not overlap
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Rendered(String text, List<Span> generated) {

    /** Takes a copy of the list. */
    public Rendered {
        generated = List.copyOf(generated);
    }

    /**
     * A part of a text.
     *
     * @param start its first UTF-16 unit
     * @param end the unit after its last one; equal to the start if the part is empty
     */
    public record Span(int start, int end) {}
}
