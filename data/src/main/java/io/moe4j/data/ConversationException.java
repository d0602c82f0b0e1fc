package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * A document is no conversation, or cannot be rendered. The message continues a sentence that begins with the document's location: {@code has no message}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ConversationException extends Exception {
    private static final long serialVersionUID = 1L;

    /** With a message that continues a sentence. */
    public ConversationException(String message) {
        super(message);
    }

    /** With a cause. */
    public ConversationException(String message, Throwable cause) {
        super(message, cause);
    }
}
