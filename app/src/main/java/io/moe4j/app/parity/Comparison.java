package io.moe4j.app.parity;

import io.moe4j.app.parity.ParityReport.Line;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The differences of one kind of number, such as gradients, by tensor. */
final class Comparison {
    /** The distance from 1 to the next fp32 number. Terms of size 1 that cancel leave an error of about this size. */
    private static final double ROUNDING = 0x1p-23;

    private final String what;
    private final double bound;
    /** A tensor counts as zero if its values and differences are at most this fraction of the largest expected value of all tensors. */
    private final double rounding;
    private final ToDoubleFunction<Difference> error;
    private final Map<String, Difference> differences = new LinkedHashMap<>();

    private Comparison(String what, double bound, double rounding, ToDoubleFunction<Difference> error) {
        this.what = what;
        this.bound = bound;
        this.rounding = rounding;
        this.error = error;
    }

    /** Compares by the largest difference relative to the tensor's largest value. */
    static Comparison relative(String what, double bound) {
        return new Comparison(what, bound, 0, Difference::relative);
    }

    /**
     * The same for gradients. If a gradient is zero except for rounding errors of terms that cancel, there is no value to which a difference could be
     * relative. An example is the gradient of a gate that selects one expert for each token and normalises its weight, which is then always 1. A tensor
     * counts as such a gradient if all its values, expected and found, are below 2⁻²³ of the largest gradient of the model.
     */
    static Comparison ofGradients(String what, double bound) {
        return new Comparison(what, bound, ROUNDING, Difference::relative);
    }

    /** Compares by L2 norms. */
    static Comparison norms(String what, double bound) {
        return new Comparison(what, bound, 0, Difference::norm);
    }

    /** The difference of a tensor, to which parts may be added. */
    synchronized Difference of(String tensor) {
        return differences.computeIfAbsent(tensor, ignored -> new Difference());
    }

    /** The result; empty if there was nothing to compare. */
    synchronized Optional<Line> line() {
        double zero = rounding * differences.values().stream().mapToDouble(Difference::largestExpected).max().orElse(0);
        return differences.entrySet().stream()
                .map(entry -> new Line(what, differences.size(),
                        entry.getValue().isRounding(zero) ? 0 : error.applyAsDouble(entry.getValue()), bound,
                        entry.getKey()))
                .reduce((worst, other) -> Double.compare(other.error(), worst.error()) > 0 ? other : worst);
    }
}
