package io.moe4j.chattemplate;

import io.moe4j.api.Stability;
import io.moe4j.chattemplate.render.Library;
import io.moe4j.chattemplate.render.Output;
import io.moe4j.chattemplate.render.Renderer;
import io.moe4j.chattemplate.syntax.StatementParser;
import io.moe4j.chattemplate.syntax.Template;
import io.moe4j.chattemplate.syntax.TemplateFault;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A chat template: text in the language Jinja that turns a conversation into one text, as {@code apply_chat_template} of transformers does, byte for byte. For
 * example, of two messages:
 *
 * <pre>{@code
 * ChatTemplate template = ChatTemplate.parse("{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{% endfor %}");
 * template.render(Map.of("messages", List.of(Map.of("role", "user", "content", " Hi. "))));     // <|user|>Hi.
 * }</pre>
 *
 * A template need not be trusted: it can only make text, and rendering ends with an error if it would need too much memory or time. Templates are immutable,
 * and may be used by several threads.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ChatTemplate {
    private final String source;
    private final Template template;
    private final Clock clock;

    private ChatTemplate(String source, Template template, Clock clock) {
        this.source = source;
        this.template = template;
        this.clock = clock;
    }

    /**
     * Reads a template.
     *
     * @param source in Jinja, with the extensions of transformers
     * @throws ChatTemplateException if it is not understood
     */
    public static ChatTemplate parse(String source) {
        String normalized = StatementParser.normalized(source);
        Template template = checked(normalized,
                () -> StatementParser.parse(normalized, Library::hasFilter, Library::hasTest));
        return new ChatTemplate(normalized, template, Clock.system(ZoneId.systemDefault()));
    }

    /** The source text, with line feeds as line ends. */
    public String source() {
        return source;
    }

    /** The same template with another clock, for templates that write the date. */
    public ChatTemplate withClock(Clock other) {
        return new ChatTemplate(source, template, other);
    }

    /**
     * The text that the template makes of its variables: {@code messages}, and often {@code tools}, {@code add_generation_prompt}, {@code bos_token} …
     *
     * @param variables lists, maps, texts, booleans, whole numbers of at most 64 bits, double values and null, nested in any way
     * @throws ChatTemplateException if a variable is of another class, an operation of the template is not defined for its values, or the template refuses
     *     the conversation
     */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        return output(variables, false).text();
    }

    /**
     * The same, with the parts that the template marks as the assistant's.
     *
     * @throws ChatTemplateException as {@link #render} does; also if a mark is in a macro, so that its position is unknown
     */
    public Rendered renderMarked(Map<String, ? extends @Nullable Object> variables) {
        Output output = output(variables, true);
        return new Rendered(output.text(),
                output.marked().stream().map(part -> new Rendered.Span(part.from(), part.to())).toList());
    }

    /** Whether the template can mark what the assistant says: whether it has a <code>{% generation %}</code> block. */
    public boolean marksGeneration() {
        return template.marksGeneration();
    }

    private Output output(Map<String, ? extends @Nullable Object> variables, boolean marks) {
        return checked(source, () -> Renderer.render(template, variables, clock, marks));
    }

    private static <T> T checked(String source, Supplier<T> work) {
        try {
            return work.get();
        } catch (TemplateFault e) {
            throw ChatTemplateException.at(source, e.at(), String.valueOf(e.getMessage()), e);
        } catch (StackOverflowError e) {
            throw ChatTemplateException.at(source, 0,
                    "expressions or macros are in each other too deep; make them simpler", e);
        }
    }
}
