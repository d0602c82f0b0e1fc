package io.moe4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A curve reduced to few points: the mean, the smallest and the largest value of each piece of the run, so that no peak is lost. A piece without any number
 * gives null.
 */
final class Envelope {
    private final Column column;
    private final Buckets buckets;

    Envelope(Column column, Buckets buckets) {
        this.column = column;
        this.buckets = buckets;
    }

    Map<String, List<@Nullable Number>> json() {
        Map<String, List<@Nullable Number>> curve = new LinkedHashMap<>();
        curve.put("mean", pieces((sum, value) -> sum + value, true));
        if (buckets.size() > 1) {
            curve.put("min", pieces(Math::min, false));
            curve.put("max", pieces(Math::max, false));
        }
        return curve;
    }

    /** The value at the end of each piece. */
    List<@Nullable Number> last() {
        List<@Nullable Number> values = new ArrayList<>();
        for (int i = 0; i < buckets.count(); i++) {
            values.add(Numbers.shown(column.at(buckets.end(i) - 1)));
        }
        return values;
    }

    private List<@Nullable Number> pieces(DoubleBinaryOperator join, boolean mean) {
        List<@Nullable Number> values = new ArrayList<>();
        for (int i = 0; i < buckets.count(); i++) {
            double joined = Double.NaN;
            int count = 0;
            for (int point = buckets.begin(i); point < buckets.end(i); point++) {
                double value = column.at(point);
                if (Double.isFinite(value)) {
                    joined = count == 0 ? value : join.applyAsDouble(joined, value);
                    count++;
                }
            }
            values.add(Numbers.shown(mean && count > 0 ? joined / count : joined));
        }
        return values;
    }
}
