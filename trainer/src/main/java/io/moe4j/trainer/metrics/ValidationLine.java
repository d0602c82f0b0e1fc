package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.trainer.run.ValidationResult;
import java.util.Locale;

/**
 * The line of a validation, in the form of the steps' lines.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ValidationLine {
    /** From this perplexity on, it is written with an exponent. */
    private static final double LARGE = 1e6;

    private ValidationLine() {}

    /** {@code validate step: 10  loss: 7.03211  perplexity: 1132.42  tokens: 40,960  tps: 15,660}, followed by what is wrong, if something is. */
    public static String of(ValidationResult validation) {
        return of(validation, validation.step());
    }

    /**
     * The same line, whose figures stand below those of other validations: the number of the step has room for that of the last one.
     *
     * @param steps of the whole run
     */
    public static String of(ValidationResult validation, long steps) {
        String step = "validate step: " + StepLine.number(validation.step(), steps);
        String problem = validation.problem().map(text -> "  " + text).orElse("");
        if (validation.tokens() == 0) {
            return step + "  no loss:" + problem;
        }
        return step + String.format(Locale.ROOT, "  loss: %8.5f  perplexity: %s  tokens: %,d  tps: %,d",
                validation.loss(), perplexity(validation.perplexity()), validation.tokens(),
                Math.round(validation.tokensPerSecond())) + problem;
    }

    /** A perplexity for people: {@code 7.39}, {@code 1.20e+10}, or {@code above 1.8e308} if it is larger than the largest number. */
    public static String perplexity(double perplexity) {
        return Double.isInfinite(perplexity) ? "above 1.8e308"
                : String.format(Locale.ROOT, perplexity < LARGE ? "%.2f" : "%.2e", perplexity);
    }
}
