package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import java.util.OptionalDouble;

/**
 * The result of an evaluation of texts.
 *
 * @param loss the loss per token, and the numbers that it was computed from
 * @param counts documents, bad lines and so on that this process has read
 * @param textBytes bytes of the texts that this process has read, in UTF-8; 0 if it has read tokenized text
 * @param textTokens tokens that these texts have
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record EvaluationResult(ValidationResult loss, DataCounts counts, long textBytes, long textTokens) {

    /**
     * The loss in bits per byte of text, by which models with different tokenizers can be compared: the loss per token in bits, times the tokens per
     * byte (Gao et al., "The Pile", 2020). For example, a loss of 2.77 (4 bits) with 4 bytes in a token is 1 bit per byte. Empty where no text was read.
     */
    public OptionalDouble bitsPerByte() {
        return textBytes == 0 || textTokens == 0 ? OptionalDouble.empty()
                : OptionalDouble.of(loss.loss() / Math.log(2) * textTokens / textBytes);
    }
}
