package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.Map;

/**
 * Renders conversations as texts with a chat template, and determines which parts of them are learned. Stateless; may be used by several threads.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Conversations {

    /** The key or column that has the messages. */
    String field();

    /**
     * Identifies the rendering: with equal identities, equal conversations become equal texts. A corpus that is read with another identity counts as changed.
     *
     * @return at most 200 printable characters
     */
    String identity();

    /**
     * The texts of the chat templates, to be stored with tokenized text or models that were made with them, by their file names in a model's folder, such as
     * {@code chat_template.jinja} and {@code additional_chat_templates/tool_use.jinja}; empty if there are none.
     */
    default Map<String, String> templates() {
        return Map.of();
    }

    /**
     * Renders a conversation.
     *
     * @param json an object with the key {@link #field()} and perhaps others
     * @throws ConversationException if it is not a conversation, or cannot be rendered
     */
    RenderedConversation render(String json) throws ConversationException;
}
