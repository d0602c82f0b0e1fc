package io.moe4j.trainer.chat;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import io.moe4j.chattemplate.ChatTemplate;
import io.moe4j.chattemplate.ChatTemplateException;
import io.moe4j.chattemplate.FolderTemplate;
import io.moe4j.data.ConversationException;
import io.moe4j.data.Conversations;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a model writes conversations: its chat template, and the special tokens that the template may name. Immutable; may be used by several threads.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ChatFormat {
    private static final String TOOLS = "tools";

    private final ChatTemplate template;
    /** The template for conversations with tools; a few models have a separate one. */
    private final ChatTemplate withTools;
    private final Map<String, String> specialTokens;

    private ChatFormat(ChatTemplate template, ChatTemplate withTools, Map<String, String> specialTokens) {
        this.template = template;
        this.withTools = withTools;
        this.specialTokens = Map.copyOf(specialTokens);
    }

    /**
     * Reads a template.
     *
     * @param source in Jinja
     * @param specialTokens variables such as {@code bos_token}
     * @throws ChatTemplateException if it is not understood
     */
    public static ChatFormat of(String source, Map<String, String> specialTokens) {
        ChatTemplate template = ChatTemplate.parse(source);
        return new ChatFormat(template, template, specialTokens);
    }

    /**
     * Finds the template of a model.
     *
     * @param written the template; if absent, that of the first folder that has one
     * @param folders folders in Hugging Face's layout; if {@code written} is given, the special tokens are those of the first folder that has some
     * @return empty if there is no template
     * @throws InputException if a file cannot be read, or the template is not understood
     */
    public static Optional<ChatFormat> find(Optional<String> written, List<Path> folders) {
        if (written.isPresent()) {
            return Optional.of(of(written.get(), folders.stream().map(FolderTemplate::specialTokens)
                    .filter(tokens -> !tokens.isEmpty()).findFirst().orElse(Map.of())));
        }
        return folders.stream().flatMap(folder -> FolderTemplate.find(folder).stream()).findFirst()
                .map(found -> new ChatFormat(found.template(), found.templateWithTools(), found.specialTokens()));
    }

    /**
     * The folders in which the template of a model may be: that of its tokenizer, if it is read from one, and then the one that training started from.
     *
     * @param tokenizer a name, a file or a folder
     * @param from a model folder; ignored if it does not exist
     */
    public static List<Path> folders(String tokenizer, Optional<Path> from) {
        return Stream.concat(folder(tokenizer).stream(), from.filter(Files::isDirectory).stream()).distinct().toList();
    }

    private static Optional<Path> folder(String tokenizer) {
        try {
            Path path = Path.of(tokenizer);
            return Files.isDirectory(path) ? Optional.of(path)
                    : Files.isRegularFile(path) ? Optional.ofNullable(path.toAbsolutePath().getParent())
                            : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads the text of a template.
     *
     * @throws InputException if there is no such file, or it is no text
     */
    public static String read(Path file) {
        return TemplateFile.read(file);
    }

    /** The template, as it was written. */
    public String source() {
        return template.source();
    }

    /** The templates by the files in which a model's folder has them. */
    Map<String, String> files() {
        return withTools.source().equals(source()) ? Map.of("chat_template.jinja", source())
                : Map.of("chat_template.jinja", source(), "additional_chat_templates/tool_use.jinja",
                        withTools.source());
    }

    /** The template for conversations with these variables. */
    ChatTemplate template(Map<String, ? extends @Nullable Object> variables) {
        return variables.get(TOOLS) == null ? template : withTools;
    }

    /**
     * The text that asks for the next answer of a conversation.
     *
     * @param messages each with a {@code role} and mostly a {@code content}, as Java's maps, lists and texts
     * @param variables other variables that the template may read, such as {@code tools}
     * @throws InputException if the template refuses them
     */
    public String prompt(List<? extends Map<String, ? extends @Nullable Object>> messages,
            Map<String, ? extends @Nullable Object> variables) {
        return template(variables).render(all(messages, variables, true));
    }

    /**
     * How conversations are read as training text.
     *
     * @param field the key or column of the messages
     */
    public Conversations conversations(String field) {
        return new TemplateConversations(this, field);
    }

    /** The text that the template writes at the end of an answer, such as {@code <|im_end|>}; empty if there is none, or it cannot be determined. */
    public Optional<String> ending() {
        return AnswerFinder.ending((messages, prompt) -> render(template, all(messages, Map.of(), prompt)))
                .filter(ending -> !ending.isBlank());
    }

    /** Identifies template and special tokens, in a form that can be compared. */
    public String identity() {
        String all = source() + "\0" + withTools.source() + "\0" + new TreeMap<>(specialTokens);
        return "chat template, SHA-256 " + Sha256.of(all.getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    /** The variables of a rendering. As in transformers, {@code variables} override special tokens of the same name. */
    Map<String, @Nullable Object> all(List<? extends Map<String, ? extends @Nullable Object>> messages,
            Map<String, ? extends @Nullable Object> variables, boolean prompt) {
        Map<String, @Nullable Object> all = new HashMap<>(specialTokens);
        all.put(TOOLS, null);
        all.put("documents", null);
        all.putAll(variables);
        all.put(Conversation.MESSAGES, messages);
        all.put("add_generation_prompt", prompt);
        return all;
    }

    /** Renders with a template of this format. */
    static String render(ChatTemplate template, Map<String, @Nullable Object> variables)
            throws ConversationException {
        try {
            return template.render(variables);
        } catch (ChatTemplateException e) {
            throw problem(e);
        }
    }

    static ConversationException problem(ChatTemplateException e) {
        return new ConversationException("cannot be rendered: " + e.getMessage(), e);
    }
}
