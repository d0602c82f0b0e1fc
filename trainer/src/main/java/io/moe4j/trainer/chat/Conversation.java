package io.moe4j.trainer.chat;

import io.moe4j.api.Shown;
import io.moe4j.data.ConversationException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Messages, and the other variables that a template may read.
 *
 * @param messages each with a role
 * @param variables the other keys of the document
 */
record Conversation(List<Map<String, @Nullable Object>> messages, Map<String, @Nullable Object> variables) {
    static final String MESSAGES = "messages";
    private static final String TOOLS = "tools";
    private static final JsonMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).enable(DeserializationFeature.USE_LONG_FOR_INTS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /**
     * Reads a document.
     *
     * @param field the key of its messages: a list, or a text that is the JSON of one
     */
    static Conversation read(String json, String field) throws ConversationException {
        if (!(parse(json, "is not JSON that can be read") instanceof Map<?, ?> document)) {
            throw new ConversationException("is no object");
        }
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        document.forEach((key, value) -> variables.put(String.valueOf(key), value));
        if (!variables.containsKey(field)) {
            throw new ConversationException("has no key \"" + Shown.of(field)
                    + "\"; data.messages_field says which key has the messages, or messages_field of its source (data.sources.NAME,"
                    + " validation)");
        }
        Object messages = fromText(variables.remove(field), "\"" + Shown.of(field) + "\"");
        if (variables.get(TOOLS) instanceof String) {
            variables.put(TOOLS, fromText(variables.get(TOOLS), "\"tools\""));
        }
        return new Conversation(messages(messages, field), variables);
    }

    /** Columns of tables often have lists as texts. */
    private static @Nullable Object fromText(@Nullable Object value, String name) throws ConversationException {
        return value instanceof String text ? parse(text, "has a text in " + name + " that is not JSON") : value;
    }

    private static @Nullable Object parse(String json, String problem) throws ConversationException {
        try {
            return JSON.readValue(json, Object.class);
        } catch (JacksonException e) {
            throw new ConversationException(problem + ": " + Shown.parserMessage(e.getOriginalMessage()), e);
        }
    }

    /** Checks messages: at least one, each with a role. */
    static List<Map<String, @Nullable Object>> messages(@Nullable Object value, String field)
            throws ConversationException {
        if (!(value instanceof List<?> list)) {
            throw new ConversationException(
                    "has no list in \"" + Shown.of(field) + "\", but " + (value == null ? "null" : Shown.of(value)));
        }
        if (list.isEmpty()) {
            throw new ConversationException("has no message in \"" + Shown.of(field) + "\"");
        }
        List<Map<String, @Nullable Object>> messages = new ArrayList<>();
        for (Object each : list) {
            String number = "message " + (messages.size() + 1);
            if (!(each instanceof Map<?, ?> message)) {
                throw new ConversationException(
                        "has " + (each == null ? "null" : Shown.of(each)) + " as " + number + ", and not an object");
            }
            if (!(message.get("role") instanceof String)) {
                throw new ConversationException("has no text \"role\" in " + number
                        + (message.containsKey("from") && message.containsKey("value")
                                ? ", but \"from\" and \"value\"; write these as role (system, user, assistant, tool) and"
                                        + " content"
                                : ""));
            }
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            message.forEach((key, part) -> copy.put(String.valueOf(key), part));
            messages.add(copy);
        }
        return messages;
    }

    /** Whether a message is the model's. */
    static boolean isAssistant(Map<String, ? extends @Nullable Object> message) {
        return "assistant".equals(message.get("role"));
    }

    /** The same messages as one text, however the document was written. */
    String key() {
        return JSON.writeValueAsString(messages);
    }

    /** The variables, and those in the object with this key, as TRL's data has them. */
    Map<String, @Nullable Object> variablesWith(String key) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>(variables);
        if (variables.get(key) instanceof Map<?, ?> more) {
            more.forEach((name, value) -> all.put(String.valueOf(name), value));
        }
        return all;
    }
}
