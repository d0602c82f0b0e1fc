package io.moe4j.chattemplate;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What transformers renders: {@code src/test/python/make_goldens.py}. */
final class GoldensTest {
    /** The time that the script's templates are told. */
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-07T14:05:09Z"), ZoneOffset.UTC);

    @Test
    void conversationsAreRenderedAsByTransformers() throws IOException {
        JsonNode golden = read("conversations.json");
        Map<String, ChatTemplate> templates = golden.path("templates").propertyStream().collect(Collectors.toMap(
                Map.Entry::getKey, each -> ChatTemplate.parse(each.getValue().stringValue()).withClock(CLOCK)));
        List<Executable> checks = golden.path("cases").valueStream().<Executable>map(each -> () -> {
            Map<String, Object> variables = new HashMap<>(
                    values(golden.path("more").path(each.path("more").stringValue())));
            String conversation = each.path("conversation").stringValue();
            variables.put("messages", value(golden.path("conversations").path(conversation)));
            String name = each.path("template").stringValue();
            check(name + " of " + conversation, each, Objects.requireNonNull(templates.get(name)), variables);
        }).toList();
        assertEquals(80, checks.size());
        assertAll(checks);
    }

    @Test
    void expressionsHaveTheValuesThatTheyHaveInJinja() throws IOException {
        JsonNode golden = read("expressions.json");
        Map<String, Object> variables = values(golden.path("variables"));
        List<Executable> checks = golden.path("cases").valueStream().<Executable>map(each -> () -> {
            String template = each.path("template").stringValue();
            if (each.has("refused")) {
                assertThrows(ChatTemplateException.class, () -> ChatTemplate.parse(template).render(variables),
                        template);
            } else {
                assertEquals(each.path("text").stringValue(),
                        ChatTemplate.parse(template).withClock(CLOCK).render(variables), template);
            }
        }).toList();
        assertTrue(checks.size() > 100, () -> checks.size() + " expressions");
        assertAll(checks);
    }

    /** A conversation of two million characters is within the bounds of what rendering may cost. */
    @Test
    void longConversations() throws IOException {
        ChatTemplate template = ChatTemplate
                .parse(read("conversations.json").path("templates").path("thinking").stringValue());
        List<Map<String, String>> messages = IntStream.range(0, 2000)
                .mapToObj(i -> Map.of("role", i % 2 == 0 ? "user" : "assistant", "content",
                        "<think>why</think>" + "x".repeat(1000)))
                .toList();
        // Thoughts of all but the last answer are left out.
        int length = template.render(Map.of("messages", messages)).length();
        assertEquals(1000 * ("[user]<think>why</think>".length() + 1000 + "[end]\n".length())
                + 1000 * ("[assistant]".length() + 1000 + "[end]\n".length()) + "<think>\nwhy\n</think>\n\n".length(),
                length);
    }

    private static void check(String name, JsonNode golden, ChatTemplate template, Map<String, Object> variables) {
        if (golden.has("refused")) {
            assertThrows(ChatTemplateException.class, () -> template.render(variables), name);
            return;
        }
        Rendered rendered = template.renderMarked(variables);
        assertEquals(golden.path("text").stringValue(), rendered.text(), name);
        assertEquals(rendered.text(), template.render(variables), name);
        assertEquals(golden.path("generated").valueStream()
                .map(span -> new Rendered.Span(span.path(0).intValue(), span.path(1).intValue())).toList(),
                rendered.generated(), name);
        assertTrue(rendered.generated().isEmpty() || template.marksGeneration(), name);
    }

    private static JsonNode read(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(GoldensTest.class.getResourceAsStream(name))) {
            return JsonMapper.shared().readTree(in);
        }
    }

    private static Map<String, Object> values(JsonNode object) {
        return JsonMapper.shared().convertValue(object, new TypeReference<>() {});
    }

    private static Object value(JsonNode node) {
        return JsonMapper.shared().convertValue(node, Object.class);
    }
}
