package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;

/**
 * A model has given logits that are not finite.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class NonFiniteLogitsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NonFiniteLogitsException(String message) {
        super(message);
    }
}
