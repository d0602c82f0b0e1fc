package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.Map;

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

    /**
     * The chat templates, as they were written, to be kept beside what was made with them: by the names of their files in a model's folder, such as
     * {@code chat_template.jinja} and {@code additional_chat_templates/tool_use.jinja}; empty if there are none.
     */
    default Map<String, String> templates() {
        return Map.of();
    }

    /**
     * Renders a conversation.
     *
     * @param json an object with the key {@link #field()} and perhaps others
     * @throws ConversationException if it is none, or cannot be rendered
     */
    RenderedConversation render(String json) throws ConversationException;
}
