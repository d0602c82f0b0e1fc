package io.moe4j.app.cli;

import io.moe4j.app.generate.Prompt;
import io.moe4j.trainer.generate.AnswerText;
import io.moe4j.trainer.generate.ModelText;
import io.moe4j.trainer.model.ModelSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns texts into a model's ids, and ids into texts.
 *
 * @param text the model's tokenizer; without one, prompts and answers are ids
 * @param source the model
 */
record GenerateTexts(Optional<ModelText> text, ModelSource source) implements AutoCloseable {

    List<Integer> ids(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Ids(List<Integer> ids) -> ids;
            case Prompt.Text(String written) -> text
                    .orElseThrow(() -> new IllegalStateException("a text was given without a tokenizer")).ids(written);
        };
    }

    Set<Integer> endTokens() {
        return text.map(ModelText::endTokens).orElseGet(() -> ModelText.endTokensOf(source));
    }

    AnswerText answer() {
        return text.map(ModelText::answer).orElseGet(AnswerText::ofIds);
    }

    @Override
    public void close() {
        text.ifPresent(ModelText::close);
    }
}
