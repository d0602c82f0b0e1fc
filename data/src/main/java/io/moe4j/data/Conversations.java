package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * Turns conversations into texts, and says which parts of them are learned: what a chat template does. Stateless; may be used by several threads.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Conversations {

    /** The key or column that has the messages. */
    String field();

    /**
     * Identifies what it does: with the same identity, the same conversation becomes the same text. A corpus that is read with another one has changed.
     *
     * @return at most 200 printable characters
     */
    String identity();

    /** The chat template, as it was written, to be kept beside what was made with it; empty if there is none. */
    default Optional<String> template() {
        return Optional.empty();
    }

    /**
     * Renders a conversation.
     *
     * @param json an object with the key {@link #field()} and perhaps others
     * @throws ConversationException if it is none, or cannot be rendered
     */
    RenderedConversation render(String json) throws ConversationException;
}
