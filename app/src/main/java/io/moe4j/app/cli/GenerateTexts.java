package io.moe4j.app.cli;

import io.moe4j.app.generate.Prompt;
import io.moe4j.trainer.generate.AnswerText;
import io.moe4j.trainer.generate.ChatText;
import io.moe4j.trainer.generate.ModelText;
import io.moe4j.trainer.model.ModelSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns texts into a model's ids, and ids into texts.
 *
 * @param text the model's tokenizer; without one, prompts and answers are ids
 * @param chat its chat template, for conversations
 * @param source the model
 */
record GenerateTexts(Optional<ModelText> text, Optional<ChatText> chat, ModelSource source) implements AutoCloseable {

    /** Also finds the chat template. If there is none, the tokenizer is closed. */
    static GenerateTexts withChat(Optional<ModelText> text, ModelSource source) {
        try {
            return new GenerateTexts(text, text.map(opened -> ChatText.open(source, opened)), source);
        } catch (RuntimeException | Error e) {
            text.ifPresent(ModelText::close);
            throw e;
        }
    }

    List<Integer> ids(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Ids(List<Integer> ids) -> ids;
            case Prompt.Chat conversation -> {
                ChatText template = chat
                        .orElseThrow(() -> new IllegalStateException("a conversation was given without a template"));
                yield template.ids(template.prompt(conversation.messages(), conversation.variables()));
            }
            case Prompt.Text(String written) -> text
                    .orElseThrow(() -> new IllegalStateException("a text was given without a tokenizer")).ids(written);
        };
    }

    Set<Integer> endTokens() {
        if (chat.isPresent()) {
            return chat.get().endTokens();
        }
        return text.map(ModelText::endTokens).orElseGet(() -> ModelText.endTokensOf(source));
    }

    AnswerText answer() {
        if (chat.isPresent()) {
            return chat.get().answer();
        }
        return text.map(ModelText::answer).orElseGet(AnswerText::ofIds);
    }

    @Override
    public void close() {
        text.ifPresent(ModelText::close);
    }
}
