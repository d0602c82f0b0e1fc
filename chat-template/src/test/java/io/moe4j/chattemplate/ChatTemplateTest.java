package io.moe4j.chattemplate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts, marks, messages, and templates that ask for too much. */
final class ChatTemplateTest {
    private static final List<Map<String, String>> MESSAGES = List.of(Map.of("role", "user", "content", " Hi. "),
            Map.of("role", "assistant", "content", "Yo \uD83D\uDE00"));

    @Test
    void theExampleOfTheDocumentation() {
        ChatTemplate template = ChatTemplate
                .parse("{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{% endfor %}");
        assertEquals("<|user|>Hi.<|assistant|>Yo \uD83D\uDE00", template.render(Map.of("messages", MESSAGES)));
        assertFalse(template.marksGeneration());
    }

    @Test
    void marksAreInUnitsOfTheText() {
        ChatTemplate template = ChatTemplate
                .parse("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% else %}"
                        + "{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}.");
        assertTrue(template.marksGeneration());
        // " Hi. " has 5 units, and "Yo " with a character outside of the 16-bit range has 3 + 2.
        assertEquals(new Rendered(" Hi. Yo \uD83D\uDE00.", List.of(new Rendered.Span(5, 10))),
                template.renderMarked(Map.of("messages", MESSAGES)));
    }

    @Test
    void marksInMacrosHaveNoPlace() {
        ChatTemplate template = ChatTemplate
                .parse("{% macro say(x) %}{% generation %}{{ x }}{% endgeneration %}{% endmacro %}{{ say(1) | trim }}");
        assertEquals("1", template.render(Map.of()));
        ChatTemplateException e = assertThrows(ChatTemplateException.class, () -> template.renderMarked(Map.of()));
        assertTrue(e.getMessage().contains("where its text will be is not known"), e.getMessage());
    }

    @Test
    void messagesNamePlaceRuleAndRemedy() {
        ChatTemplateException e = assertThrows(ChatTemplateException.class,
                () -> ChatTemplate.parse("a\n\uD83D\uDE00{% if x %}{{ $ }}"));
        assertEquals(2, e.line());
        // Characters, and not UTF-16 units, are counted.
        assertEquals(15, e.column());
        assertEquals(
                "the chat template, line 2, column 15, at \"$ }}\": no expression has the character \"$\" here; remove it",
                e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    {% fro x in y %}                         | there is no tag "fro" here; known are for, if
                    {% if x %}                               | the template ends, and a tag is open; close it with elif or else or endif
                    {% endif %}                              | there is no tag "endif" here
                    {{ x                                     | end it with "}}"
                    {# x                                     | end it with "#}"
                    {% break %}                              | "break" is in no loop
                    {{ x.content.text }}                     | has no "content"; give it, or test it with "is defined"
                    {{ y.content }}                          | there is no variable "y"; give it
                    {{ raise_exception('roles must change') }} | the template refuses: roles must change
                    {{ l.append(1) }}                        | a template cannot change a list with "append"; make a new one
                    {{ 'a' + 1 }}                            | does not go with values of the types str and int
                    {{ 9223372036854775807 + 1 }}            | has more than 64 bits
                    {% set x.a = 1 %}                        | is no namespace
                    {% filter nofilter %}{% endfilter %}     | there is no filter "nofilter"
                    {% for a, b in [[1]] %}{% endfor %}      | there are 1 items for 2 variables
                    """)
    void messages(String template, String expected) {
        ChatTemplateException e = assertThrows(ChatTemplateException.class,
                () -> ChatTemplate.parse(template).render(Map.of("x", Map.of(), "l", List.of())));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
        assertTrue(e.getMessage().startsWith("the chat template, line 1, column "), e.getMessage());
    }

    @Test
    void messagesAreOnOneLineWithoutControlCharacters() {
        ChatTemplateException e = assertThrows(ChatTemplateException.class,
                () -> ChatTemplate.parse("{{ raise_exception('\\x1b[2J\\nx') }}\u001b").render(Map.of()));
        assertFalse(e.getMessage().chars().anyMatch(c -> c < ' '), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}",
            "{% set x = 'a' * 16000000 %}{% for i in range(99999) %}{{ x[:2] in x }}{{ x == x ~ '' }}{% endfor %}",
            "{% set x = 'a' * 9999999 %}{% for i in range(99) %}{{ x }}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{ 'a' * 10 ** 12 }}", "{{ [1] * 10 ** 12 }}",
            "{{ 'a' | center(10 ** 12) }}", "{{ '%999999999d' % 1 }}", "{{ '{:>999999999}'.format('') }}",
            "{{ ('a' * 9999999).replace('a', 'bbbbbbbb') }}", "{{ range(10 ** 12) }}",
            "{{ 'a' | indent(10 ** 12, true) }}",
            "{{ [[]] | tojson(indent=10 ** 12) }}", "{{ ('a' * 9999999).replace('', 'b') }}",
            "{{ ('a' * 9999999) | list }}",
            "{{ 'x'.zfill(10 ** 12) }}", "{{ '\\t'.expandtabs(10 ** 12) }}", "{{ [1] | batch(10 ** 12, 0) | list }}",
            "{{ ((('a' * 9999) ~ ' ') * 999).split() | join('b' * 99999) }}"})
    void whatNeedsTooMuchIsRefused(String template) {
        assertThrows(ChatTemplateException.class, () -> ChatTemplate.parse(template).render(Map.of()), template);
    }

    @Test
    void deepExpressionsAreRefusedOrRendered() {
        String deep = "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}";
        assertThrows(ChatTemplateException.class, () -> ChatTemplate.parse(deep));
        String tags = "{% if true %}".repeat(200) + "{% endif %}".repeat(200);
        assertThrows(ChatTemplateException.class, () -> ChatTemplate.parse(tags));
        assertEquals("51", ChatTemplate.parse("{{ 1" + " + 1".repeat(50) + " }}").render(Map.of()));
    }

    @Test
    void variablesAreOfKnownClasses() {
        ChatTemplate template = ChatTemplate.parse("{{ x }}");
        assertEquals("[1, 2, 0.5, True, None]",
                template.render(Map.of("x", Arrays.asList(1, 2L, 0.5f, true, null))));
        ChatTemplateException e = assertThrows(ChatTemplateException.class,
                () -> template.render(Map.of("x", new StringBuilder())));
        assertTrue(e.getMessage().contains("java.lang.StringBuilder"), e.getMessage());
        Map<String, Object> itself = new HashMap<>();
        itself.put("x", itself);
        assertThrows(ChatTemplateException.class, () -> template.render(itself));
    }

    /** A damaged template is refused or rendered, and never ends with another error. */
    @Test
    void damagedTemplates() {
        String whole = "{% set ns = namespace() %}{% macro m(a, b=1) %}{{ a ~ b }}{% endmacro %}"
                + "{%- for m in messages[::-1] if m.role != 'x' -%}\n{{ m.content | trim | replace('a', \"b\\n\") }}"
                + "{% if loop.last and not x is defined %}{{ {'k': [1.5, none]} | tojson(indent=2) }}{% elif 1 < 2 %}"
                + "{% set ns.x = m['role'][0:2] %}{% endif %}{% generation %}{# c #}{% raw %}{{{% endraw %}{% endgeneration %}{% endfor %}";
        Random random = new Random(5);
        int rendered = 0;
        for (int i = 0; i < 3000; i++) {
            StringBuilder damaged = new StringBuilder(whole);
            for (int j = random.nextInt(3); j >= 0; j--) {
                int at = random.nextInt(damaged.length());
                switch (random.nextInt(3)) {
                    case 0 -> damaged.deleteCharAt(at);
                    case 1 -> damaged.insert(at, whole.charAt(random.nextInt(whole.length())));
                    default -> damaged.setCharAt(at, "{}%-+'\"|[(\n\u00e9\uD83D".charAt(random.nextInt(13)));
                }
            }
            try {
                ChatTemplate.parse(damaged.toString()).renderMarked(Map.of("messages", MESSAGES));
                rendered++;
            } catch (ChatTemplateException e) {
                assertTrue(e.line() >= 1 && e.column() >= 1, e.getMessage());
            }
        }
        int count = rendered;
        assertTrue(count > 100 && count < 2900, () -> count + " of 3000 are rendered");
    }

    @Test
    void templatesCanBeUsedByThreads() {
        ChatTemplate template = ChatTemplate.parse(
                "{% set ns = namespace(n=0) %}{% for i in range(1000) %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}");
        List<String> results = new ArrayList<>(
                IntStream.range(0, 16).parallel().mapToObj(i -> template.render(Map.of("x", i)))
                        .toList());
        for (int i = 0; i < 16; i++) {
            assertEquals(Integer.toString(1000 * i), results.get(i));
        }
    }
}
