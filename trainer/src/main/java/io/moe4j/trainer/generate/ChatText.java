package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.model.CheckpointSource;
import io.moe4j.trainer.model.FolderSource;
import io.moe4j.trainer.model.LoraSource;
import io.moe4j.trainer.model.ModelSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Turns conversations into the ids that ask a model for the next answer, by its chat template.
 *
 * <p>Answers end with the tokens that {@code generation_config.json} or {@code config.json} calls {@code eos_token_id}, with the tokenizer's own end token,
 * and with the text that the template writes at the end of an answer, if that is one token.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ChatText {
    private final ModelText text;
    private final ChatFormat format;
    private final Set<Integer> endTokens;

    private ChatText(ModelText text, ChatFormat format, Set<Integer> endTokens) {
        this.text = text;
        this.format = format;
        this.endTokens = Set.copyOf(endTokens);
    }

    /**
     * Finds the chat template of a model.
     *
     * @param text the model's tokenizer; the caller closes it, after the last use of this object
     * @throws InputException if the model has no template, or it is not understood
     */
    public static ChatText open(ModelSource source, ModelText text) {
        ChatFormat format = source.chatFormat().orElseThrow(() -> new InputException(source.path()
                + " has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json), so that it is not known"
                + " how it writes conversations; put one beside its tokenizer.json, or train"
                + " a run with data.chat_template, or ask it without --chat"));
        Set<Integer> ends = new TreeSet<>(text.endTokens());
        ends.add(text.tokenizer().endToken());
        ends.addAll(published(source));
        format.ending().map(ending -> text.encoded(ending.strip())).filter(ids -> ids.size() == 1)
                .ifPresent(ends::addAll);
        return new ChatText(text, format, ends);
    }

    /** Whether a model has a chat template, understood or not. */
    public static boolean isIn(ModelSource source) {
        try {
            return source.chatFormat().isPresent();
        } catch (InputException e) {
            return true;
        }
    }

    private static Set<Integer> published(ModelSource source) {
        return switch (source) {
            case FolderSource folder -> ModelText.endTokensOf(folder);
            case LoraSource updates -> FolderTokens.of(updates.modelFolder()).endTokens();
            case CheckpointSource checkpoint -> ids(checkpoint.generation().get("eos_token_id"));
        };
    }

    private static Set<Integer> ids(@Nullable Object value) {
        Set<Integer> ids = new TreeSet<>();
        for (Object each : value instanceof List<?> list ? list : Optional.ofNullable(value).stream().toList()) {
            if (each instanceof Integer id) {
                ids.add(id);
            }
        }
        return ids;
    }

    /** The text that asks for the next answer. See {@link ChatFormat#prompt}. */
    public String prompt(List<? extends Map<String, ? extends @Nullable Object>> messages,
            Map<String, ? extends @Nullable Object> variables) {
        return format.prompt(messages, variables);
    }

    /** Its ids. The template writes all special tokens; none are added. */
    public List<Integer> ids(String prompt) {
        return text.encoded(prompt);
    }

    /** The ids that end an answer. */
    public Set<Integer> endTokens() {
        return endTokens;
    }

    /** Turns the ids of one answer into text, without special tokens. */
    public AnswerText answer() {
        return new AnswerText(text.tokenizer().decoder(), text.tokenizer().vocabulary(), text.tokenizer()::isSpecial);
    }
}
