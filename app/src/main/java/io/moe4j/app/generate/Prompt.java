package io.moe4j.app.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A text or ids of tokens to continue, or a conversation to answer. */
public sealed interface Prompt {

    /** A text. */
    record Text(String text) implements Prompt {}

    /**
     * A conversation.
     *
     * @param messages at least one, each with a role
     * @param variables other variables that the chat template may read
     */
    record Chat(List<Map<String, Object>> messages, Map<String, Object> variables) implements Prompt {

        /** A question, perhaps after an instruction. */
        public static Chat of(Optional<String> system, String question) {
            List<Map<String, Object>> messages = new ArrayList<>();
            system.ifPresent(text -> messages.add(message("system", text)));
            messages.add(message("user", question));
            return new Chat(messages, Map.of());
        }

        /** With one message more. */
        public Chat with(String role, String content) {
            List<Map<String, Object>> more = new ArrayList<>(messages);
            more.add(message(role, content));
            return new Chat(more, variables);
        }

        /** With an instruction before its messages. */
        public Chat after(String system) {
            if ("system".equals(messages.getFirst().get("role"))) {
                throw new InputException("--system \"" + Shown.of(system)
                        + "\" for a conversation that begins with the system"
                        + " message \"" + Shown.of(messages.getFirst().get("content")) + "\"; leave one of them out");
            }
            List<Map<String, Object>> more = new ArrayList<>(List.of(message("system", system)));
            more.addAll(messages);
            return new Chat(more, variables);
        }

        /** A message in the order of keys that people expect. */
        public static Map<String, Object> message(String role, String content) {
            Map<String, Object> message = new LinkedHashMap<>();
            message.put("role", role);
            message.put("content", content);
            return message;
        }
    }

    /** Ids, at least one. */
    record Ids(List<Integer> ids) implements Prompt {

        public Ids {
            ids = List.copyOf(ids);
        }

        /** Reads numbers with commas or spaces between them, such as {@code 5,17,2}. */
        public static Ids parse(String numbers) {
            List<Integer> ids = new ArrayList<>();
            for (String number : numbers.strip().split("\\s*,\\s*|\\s+", -1)) {
                if (!number.matches("[0-9]{1,10}") || Long.parseLong(number) > Integer.MAX_VALUE) {
                    throw new InputException("--prompt-ids \"" + Shown.of(numbers) + "\": \"" + Shown.of(number)
                            + "\" is no id; give whole numbers with commas between them, such as 5,17,2");
                }
                ids.add(Integer.parseInt(number));
            }
            return new Ids(ids);
        }
    }
}
