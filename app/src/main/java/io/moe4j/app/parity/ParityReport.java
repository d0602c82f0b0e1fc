package io.moe4j.app.parity;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The result of a comparison.
 *
 * @param lines one for each kind of number
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record ParityReport(List<Line> lines) {

    public ParityReport {
        lines = List.copyOf(lines);
    }

    /** Whether every bound holds. */
    public boolean holds() {
        return !lines.isEmpty() && lines.stream().allMatch(Line::holds);
    }

    /** A table for people. */
    public String text() {
        return String.format(Locale.ROOT, "%-28s %7s %12s %10s%n", "", "tensors", "error", "bound")
                + lines.stream().map(Line::text).collect(Collectors.joining());
    }

    /**
     * The largest error of one kind of number.
     *
     * @param what the kind of number, such as {@code "gradients"}
     * @param tensors how many were compared
     * @param error the largest relative error
     * @param bound the largest error that is allowed
     * @param worst the tensor with the largest error
     */
    public record Line(String what, int tensors, double error, double bound, String worst) {

        /** Whether the bound holds; NaN never does. */
        public boolean holds() {
            return error <= bound;
        }

        private String text() {
            return String.format(Locale.ROOT, "%-28s %7d %12.3e %10.0e  %s  %s%n", what, tensors, error, bound,
                    holds() ? "holds" : "BROKEN", worst);
        }
    }
}
