package io.moe4j.chattemplate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The chat template of a model in Hugging Face's layout. It is, as in transformers, the first of:
 *
 * <ol>
 * <li>{@code chat_template.jinja}, with others in {@code additional_chat_templates};
 * <li>{@code chat_template} in {@code tokenizer_config.json}: a text, or a list of objects with {@code name} and {@code template};
 * <li>{@code chat_template} in {@code chat_template.json}.
 * </ol>
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class FolderTemplate {
    private static final String DEFAULT = "default";
    private static final String WITH_TOOLS = "tool_use";

    private final Path file;
    private final ChatTemplate template;
    private final ChatTemplate withTools;
    private final Map<String, String> specialTokens;

    private FolderTemplate(Path file, ChatTemplate template, ChatTemplate withTools,
            Map<String, String> specialTokens) {
        this.file = file;
        this.template = template;
        this.withTools = withTools;
        this.specialTokens = specialTokens;
    }

    /**
     * Finds and reads the template.
     *
     * @return empty if the folder has none
     * @throws InputException if a file cannot be read, or there are several templates and none is the default
     * @throws ChatTemplateException if the template is not understood
     */
    public static Optional<FolderTemplate> find(Path folder) {
        return TemplateFiles.find(folder).map(found -> {
            String source = found.sources().get(DEFAULT);
            if (source == null) {
                throw new InputException(
                        Shown.of(found.file()) + " has the chat templates " + new TreeSet<>(found.sources().keySet())
                                + " and none that is named \"" + DEFAULT + "\"; name one of them so");
            }
            ChatTemplate template = parse(source, found.file());
            @Nullable String tools = found.sources().get(WITH_TOOLS);
            return new FolderTemplate(found.file(), template, tools == null ? template : parse(tools, found.file()),
                    TemplateFiles.specialTokens(folder));
        });
    }

    private static ChatTemplate parse(String source, Path file) {
        try {
            return ChatTemplate.parse(source);
        } catch (ChatTemplateException e) {
            throw e.in(Shown.of(file));
        }
    }

    /**
     * The special tokens of a folder, whether it has a template or not. See {@link #specialTokens()}.
     *
     * @throws InputException if a file cannot be read
     */
    public static Map<String, String> specialTokens(Path folder) {
        return TemplateFiles.specialTokens(folder);
    }

    /** The file that has it. */
    public Path file() {
        return file;
    }

    /** The template for conversations without tools. */
    public ChatTemplate template() {
        return template;
    }

    /** The template for conversations with tools, which is the same one for most models. */
    public ChatTemplate templateWithTools() {
        return withTools;
    }

    /**
     * The special tokens as variables of the template: for example, {@code bos_token} is {@code <s>}. Tokens that the model lacks are absent.
     */
    public Map<String, String> specialTokens() {
        return specialTokens;
    }
}
