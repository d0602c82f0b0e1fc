package io.moe4j.trainer.chat;

import io.moe4j.data.ConversationException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Renders messages, with all other variables as they are. */
@FunctionalInterface
interface Template {

    /**
     * Renders some messages.
     *
     * @param prompt whether the beginning of an answer is to follow ({@code add_generation_prompt})
     * @throws ConversationException if the template refuses them
     */
    String render(List<Map<String, @Nullable Object>> messages, boolean prompt) throws ConversationException;
}
