package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;

/**
 * Why an answer ended.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum StopReason {
    /** Its last token is one of the end tokens. */
    END_TOKEN,
    /** It has as many tokens as were asked for. */
    MAX_TOKENS,
    /** The sequence has as many tokens as the context. */
    CONTEXT_FULL,
    /** The listener has ended it. */
    STOPPED
}
