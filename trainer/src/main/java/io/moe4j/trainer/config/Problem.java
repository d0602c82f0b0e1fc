package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * A problem of a configuration.
 *
 * @param values the offending values, with their keys
 * @param rule the rule that they break
 * @param remedy what to do; may be empty if the rule says it
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Problem(String values, String rule, String remedy) {

    @Override
    public String toString() {
        return values + "\n     " + rule + (remedy.isEmpty() ? "" : "; " + remedy);
    }
}
