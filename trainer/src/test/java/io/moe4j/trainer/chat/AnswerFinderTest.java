package io.moe4j.trainer.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.data.ConversationException;
import io.moe4j.data.RenderedConversation.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What it takes to find answers: docs/data.md says how often a conversation is rendered. What is found is tested by ChatTest of the module for parity. */
class AnswerFinderTest {

    /** 5,794 messages are refused before they are rendered; two fewer are 2 · 2896², the limit. */
    @Test
    void oneThatWouldTakeTooLongIsRefusedAtOnce() {
        List<Map<String, @Nullable Object>> messages = new ArrayList<>();
        for (int i = 0; i < 2897; i++) {
            messages.add(Map.of("role", "user", "content", "Hi"));
            messages.add(Map.of("role", "assistant", "content", "Yes"));
        }
        Template rendering = (some, prompt) -> {
            throw new ConversationException("was rendered");
        };
        String told = assertThrows(ConversationException.class, () -> AnswerFinder.answers(rendering, messages, ""))
                .getMessage();
        assertTrue(
                told.startsWith("has 5794 messages, 2897 of them answers, and their product must be at most 16777216")
                        && told.contains("{% generation %}") && told.endsWith(", or divide the conversation"),
                told);
        assertEquals("was rendered", assertThrows(ConversationException.class,
                () -> AnswerFinder.answers(rendering, messages.subList(2, messages.size()), "")).getMessage());
    }

    /**
     * Once without marks, once with them, twice for each answer but once for the last one, which ends where the conversation does, and twice for what ends
     * answers.
     */
    @Test
    @SuppressWarnings("ReferenceEquality") // the same object, which has been marked once
    void aConversationOfThreeAnswersIsRenderedNineTimesAndMarkedOnce() throws Exception {
        List<Map<String, @Nullable Object>> messages = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            messages.add(Map.of("role", "user", "content", "Hi " + i));
            messages.add(Map.of("role", "assistant", "content", "Yes " + i));
        }
        List<List<Map<String, @Nullable Object>>> rendered = new ArrayList<>();
        Template template = (some, prompt) -> {
            rendered.add(List.copyOf(some));
            StringBuilder text = new StringBuilder();
            some.forEach(each -> text.append('<').append(each.get("role")).append('>').append(each.get("content"))
                    .append("<end>"));
            return text.append(prompt ? "<assistant>" : "").toString();
        };
        String text = template.render(messages, false);
        List<Part> answers = AnswerFinder.answers(template, messages, text);
        assertEquals(List.of("Yes 0<end>", "Yes 1<end>", "Yes 2<end>"),
                answers.stream().map(part -> text.substring(part.start(), part.end())).toList());
        assertEquals(2 * 3 + 3, rendered.size());
        // After the one without marks: each message is marked once, and the same in all that follows but the two words "x" and "y".
        List<Map<String, @Nullable Object>> whole = rendered.get(1);
        int others = 0;
        for (List<Map<String, @Nullable Object>> some : rendered.subList(2, rendered.size())) {
            for (int i = 0; i < some.size(); i++) {
                others += some.get(i) == whole.get(i) ? 0 : 1;
            }
        }
        assertEquals(1 + 2, others, "\"x\", and \"x\" with \"y\"");
    }
}
