package io.moe4j.trainer.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.data.ConversationException;
import io.moe4j.data.RenderedConversation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conversations and templates that do not fit: they are refused, and never learned wrongly. */
class BadConversationsTest {
    private static final String TEMPLATE = "{% for m in messages %}{% if m.role == 'user' %}<u>{{ m.content }}<e>"
            + "{% elif m.role == 'assistant' %}<a>{{ m.content }}<e>{% else %}{{ raise_exception('no role ' + m.role) }}{% endif %}"
            + "{% endfor %}{% if add_generation_prompt %}<a>{% endif %}";
    private static final String ASKED = "{\"role\":\"user\",\"content\":\"Hi\"}";
    private static final String ANSWERED = "{\"role\":\"assistant\",\"content\":\"Hello\"}";

    /** A folder of tokens keeps what conversations were read with, that for tools too. */
    @Test
    void allTemplatesAreKept(@TempDir Path folder) throws IOException {
        assertEquals(Map.of("chat_template.jinja", TEMPLATE),
                ChatFormat.of(TEMPLATE, Map.of()).conversations("m").templates());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": [{\"name\": \"default\","
                + "\"template\": \"a\"}, {\"name\": \"tool_use\", \"template\": \"b\"}]}");
        Map<String, String> kept = ChatFormat.find(Optional.empty(), List.of(folder)).orElseThrow().conversations("m")
                .templates();
        assertEquals(Map.of("chat_template.jinja", "a", "additional_chat_templates/tool_use.jinja", "b"), kept);
        for (Map.Entry<String, String> file : kept.entrySet()) {
            Files.createDirectories(folder.resolve("tokens").resolve(file.getKey()).getParent());
            Files.writeString(folder.resolve("tokens").resolve(file.getKey()), file.getValue());
        }
        assertEquals(ChatFormat.find(Optional.empty(), List.of(folder)).orElseThrow().identity(),
                ChatFormat.find(Optional.empty(), List.of(folder.resolve("tokens"))).orElseThrow().identity());
    }

    @Test
    void whatIsGoodIsLearned() throws ConversationException {
        assertEquals(List.of("Hello<e>"), learned(TEMPLATE, ASKED + "," + ANSWERED));
        assertEquals(List.of("Hello<e>", "Hello<e>"), learned(TEMPLATE, ANSWERED + "," + ASKED + "," + ANSWERED));
        // Contents may be parts, for templates that take them; a text may be the JSON of the list.
        String parts = TEMPLATE.replace("{{ m.content }}", "{{ m.content[0].text }}");
        assertEquals(List.of("Hello<e>"), learned(parts, (ASKED + "," + ANSWERED)
                .replaceAll("\"content\":(\"[a-zA-Z]+\")", "\"content\":[{\"type\":\"text\",\"text\":$1}]")));
        RenderedConversation text = ChatFormat.of(TEMPLATE, Map.of()).conversations("m")
                .render("{\"m\": \"[" + (ASKED + "," + ANSWERED).replace("\"", "\\\"") + "]\"}");
        assertEquals("<u>Hi<e><a>Hello<e>", text.text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "[] | is no object", "{} | has no key \"messages\"; data.messages_field says which",
            "{\"messages\":null} | has no list in \"messages\", but null",
            "{\"messages\":[]} | has no message in \"messages\"",
            "{\"messages\":[null]} | has null as message 1, and not an object",
            "{\"messages\":[{\"content\":\"x\"}]} | has no text \"role\" in message 1",
            "{\"messages\":[{\"from\":\"human\",\"value\":\"x\"}]} | write these as role",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | has no message of the role \"assistant\"",
            "{\"messages\":\"[\"} | has a text in \"messages\" that is not JSON",
            "{\"messages\":[],\"messages\":[]} | is not JSON that can be read",
            "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"x\"}]} | no role tool"})
    void whatIsNoConversationIsRefused(String json, String expected) {
        ConversationException e = assertThrows(ConversationException.class,
                () -> ChatFormat.of(TEMPLATE, Map.of()).conversations("messages").render(json));
        assertTrue(String.valueOf(e.getMessage()).contains(expected), e.getMessage());
    }

    /** Templates whose answers cannot be told from other text. */
    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '`', value = {
            // Contents are not written at all.
            "{% for m in messages %}{{ m.role }};{% endfor %}~cannot be found",
            // In capital letters, a mark is still a mark; reversed, it is none.
            "{% for m in messages %}{{ m.content | reverse | join }};{% endfor %}~cannot be found"})
    void answersThatCannotBeFoundAreRefused(String template, String expected) {
        ConversationException e = assertThrows(ConversationException.class,
                () -> learned(template, ASKED + "," + ANSWERED + "," + ASKED + "," + ANSWERED));
        assertTrue(String.valueOf(e.getMessage()).contains(expected)
                && String.valueOf(e.getMessage()).contains("{% generation %}"), e.getMessage());
    }

    /** A mark that changes what the template writes is left out, and the others suffice. */
    @Test
    void marksThatChangeTheTextAreLeftOut() throws ConversationException {
        String template = TEMPLATE.replace("<u>{{ m.content }}",
                "{% if m.content.endswith('i') %}<i>{% else %}<u>{% endif %}{{ m.content }}");
        assertEquals(List.of("Hello<e>"), learned(template, ASKED + "," + ANSWERED));
    }

    /** Where others follow it, it is empty; where none does, thoughts are written. */
    @Test
    void anEmptyAnswerIsItsEndOnly() throws ConversationException {
        String template = TEMPLATE.replace("<a>{{ m.content }}",
                "<a>{% if loop.last %}<think></think>{% endif %}{{ m.content }}");
        String empty = ANSWERED.replace("Hello", "");
        assertEquals(List.of("<e>", "<think></think>Hello<e>"),
                learned(template, ASKED + "," + empty + "," + ASKED + "," + ANSWERED));
        assertEquals(List.of("<think></think><e>"), learned(template, ASKED + "," + empty));
    }

    /** The beginning of the answer that the template asks with may be missing in answers that were given. */
    @Test
    void aPromptMayHaveMoreThanAnAnswer() throws ConversationException {
        String template = TEMPLATE.replace("{% if add_generation_prompt %}<a>",
                "{% if add_generation_prompt %}<a><think>\n");
        assertEquals(List.of("Hello<e>"), learned(template, ASKED + "," + ANSWERED));
        assertEquals(List.of(" <Hello<e>"), learned(template, ASKED + "," + ANSWERED.replace("Hello", " <Hello")));
        assertEquals(List.of("Hello<e>"),
                learned(template, ASKED + "," + ANSWERED.replace("Hello", "<think>\\nHello")), "it was asked with it");
    }

    @Test
    void aLargeTemplateIsRead() throws ConversationException {
        assertEquals(List.of("Hello<e>"),
                learned("{# " + "x".repeat(1 << 20) + " #}" + TEMPLATE, ASKED + "," + ANSWERED));
    }

    @Test
    void aTemplateThatIsNotUnderstoodIsRefusedAtOnce() {
        assertThrows(InputException.class, () -> ChatFormat.of("{% for m in messages %}", Map.of()));
    }

    private static List<String> learned(String template, String messages) throws ConversationException {
        RenderedConversation rendered = ChatFormat.of(template, Map.of()).conversations("messages")
                .render("{\"messages\":[" + messages + "]}");
        return rendered.learned().stream().map(part -> rendered.text().substring(part.start(), part.end())).toList();
    }
}
