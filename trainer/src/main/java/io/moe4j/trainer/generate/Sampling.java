package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;

/**
 * How the next token is chosen from its probabilities.
 *
 * <p>Temperature 0 takes the most probable token; of equal ones, the one with the lowest id. Otherwise the probability of token i is
 * exp(logit_i / temperature), divided by the sum of all. The tokens are ordered by decreasing probability, and equal ones by increasing id. The shortest
 * beginning of this order whose probabilities add up to at least {@code topP} is kept (nucleus sampling: Holtzman et al., "The Curious Case of Neural Text
 * Degeneration", 2020); one of these tokens is drawn in proportion to its probability. All sums are in double precision.
 *
 * <p>The random number depends only on the seed and the token's position in the answer: the same prompt with the same seed has the same answer, whatever was
 * generated before or is generated at the same time.
 *
 * <p>Example: probabilities 0.5, 0.3, 0.15, 0.05 with topP 0.7 keep the first two, with 5/8 and 3/8.
 *
 * @param temperature 0 for the most probable token, 1 for the model's own probabilities; at most {@value #HOTTEST}
 * @param topP above 0, at most 1; 1 keeps all tokens
 * @param seed any number
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Sampling(double temperature, double topP, long seed) {
    /** The highest temperature. */
    public static final double HOTTEST = 100;

    public Sampling {
        if (!(temperature >= 0 && temperature <= HOTTEST)) {
            throw new InputException(
                    "temperature " + temperature + ": it must be from 0, for the most probable token, to "
                            + HOTTEST + "; 1 are the model's own probabilities");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new InputException("top-p " + topP + ": it must be above 0 and at most 1; 1 keeps all tokens");
        }
    }

    /** Takes the most probable token each time. */
    public static Sampling greedy() {
        return new Sampling(0, 1, 0);
    }

    /** Draws from the model's own probabilities. */
    public static Sampling random(long seed) {
        return new Sampling(1, 1, seed);
    }

    public Sampling withTemperature(double value) {
        return new Sampling(value, topP, seed);
    }

    public Sampling withTopP(double value) {
        return new Sampling(temperature, value, seed);
    }

    public Sampling withSeed(long value) {
        return new Sampling(temperature, topP, value);
    }
}
