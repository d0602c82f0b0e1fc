package io.moe4j.app.parity;

import io.moe4j.app.parity.ParityReport.Line;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The differences of one kind of number, such as gradients, by tensor. */
final class Comparison {
    private final String what;
    private final double bound;
    private final ToDoubleFunction<Difference> error;
    private final Map<String, Difference> differences = new LinkedHashMap<>();

    private Comparison(String what, double bound, ToDoubleFunction<Difference> error) {
        this.what = what;
        this.bound = bound;
        this.error = error;
    }

    /** Compares by the largest difference relative to the tensor's largest value. */
    static Comparison relative(String what, double bound) {
        return new Comparison(what, bound, Difference::relative);
    }

    /** Compares by L2 norms. */
    static Comparison norms(String what, double bound) {
        return new Comparison(what, bound, Difference::norm);
    }

    /** The difference of a tensor, to which parts may be added. */
    synchronized Difference of(String tensor) {
        return differences.computeIfAbsent(tensor, ignored -> new Difference());
    }

    /** The result; empty if there was nothing to compare. */
    synchronized Optional<Line> line() {
        return differences.entrySet().stream()
                .map(entry -> new Line(what, differences.size(), error.applyAsDouble(entry.getValue()), bound,
                        entry.getKey()))
                .reduce((worst, other) -> Double.compare(other.error(), worst.error()) > 0 ? other : worst);
    }
}
