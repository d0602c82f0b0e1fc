package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Something wrong in a configuration.
 *
 * @param values the offending ones, with their keys
 * @param rule what they break
 * @param remedy what to do
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Problem(String values, String rule, String remedy) {

    @Override
    public String toString() {
        return values + "\n     " + rule + (remedy.isEmpty() ? "" : "; " + remedy);
    }
}
