package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import java.util.OptionalDouble;

/**
 * An evaluation of texts.
 *
 * @param loss the loss per token, and what it was made from
 * @param counts what this process has met in the data
 * @param textBytes bytes of the texts that this process has read, in UTF-8; 0 where it has read ids that were made before
 * @param textTokens tokens that these texts have
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record EvaluationResult(ValidationResult loss, DataCounts counts, long textBytes, long textTokens) {

    /**
     * The loss in bits for each byte of text, which models with different tokenizers can be compared by: the loss per token in bits, times the tokens per
     * byte (Gao et al., "The Pile", 2020). For example, a loss of 2.77 (4 bits) with 4 bytes in a token is 1 bit per byte. Empty where no text was read.
     */
    public OptionalDouble bitsPerByte() {
        return textBytes == 0 || textTokens == 0 ? OptionalDouble.empty()
                : OptionalDouble.of(loss.loss() / Math.log(2) * textTokens / textBytes);
    }
}
