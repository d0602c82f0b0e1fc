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

    /** {@code validate step: 10  loss: 7.03211  perplexity: 1132.42  tokens: 40,960  tps: 15,660}, followed by the problem, if there is one. */
    public static String of(ValidationResult validation) {
        return of(validation, Integer.MAX_VALUE, validation.step());
    }

    /**
     * The same line in at most {@code columns} characters, if possible: the tokens are left out first, which are the same in each validation; then tokens per
     * second, and the perplexity. Lines are aligned: the step's number is padded to the width of the last step's number.
     *
     * @param steps of the whole run
     */
    public static String of(ValidationResult validation, int columns, long steps) {
        Figures figures = new Figures();
        figures.add("validate step: %s", Figures.number(validation.step(), steps));
        if (validation.tokens() == 0) {
            figures.add("no loss:");
        } else {
            figures.add("loss: %8.5f", validation.loss());
            figures.addUpTo(1, "perplexity: %s", perplexity(validation.perplexity()));
            figures.addUpTo(3, "tokens: %,d", validation.tokens());
            figures.addUpTo(2, "tps: %,d", Math.round(validation.tokensPerSecond()));
        }
        validation.problem().ifPresent(problem -> figures.add("%s", problem));
        return figures.line(columns);
    }

    /** A perplexity for people: {@code 7.39}, {@code 1.20e+10}, or {@code above 1.8e308} if it is larger than the largest number. */
    public static String perplexity(double perplexity) {
        return Double.isInfinite(perplexity) ? "above 1.8e308"
                : String.format(Locale.ROOT, perplexity < LARGE ? "%.2f" : "%.2e", perplexity);
    }
}
