package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;

/**
 * A token of an answer.
 *
 * @param id its id
 * @param logProbability natural logarithm of the probability that the model gives it at temperature 1
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record GeneratedToken(int id, double logProbability) {}
