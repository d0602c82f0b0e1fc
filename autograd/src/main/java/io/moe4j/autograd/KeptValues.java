package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Values that one segment keeps from forward to recompute and backward of the same step: those that it asks for ({@link Tape#kept}), and the results of
 * the operations that were chosen to be kept.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class KeptValues {
    private final Map<String, Object> values = new HashMap<>();
    private final Map<String, Results> results = new HashMap<>();
    private final Set<String> chosen;

    /** Keeps no results of operations. */
    public KeptValues() {
        this(Set.of());
    }

    /**
     * Keeps the results of some operations too.
     *
     * @param chosen their names in the segment; see {@link OperationProfile#key}
     * @since 0.3.0
     */
    public KeptValues(Set<String> chosen) {
        this.chosen = Set.copyOf(chosen);
    }

    <T> T get(Class<T> type, String key, Supplier<T> compute) {
        Object value = values.get(key);
        if (value == null) {
            value = compute.get();
            values.put(key, value);
        }
        return type.cast(value);
    }

    /** The place for the results of an operation, if they are to be kept. */
    Optional<Results> results(String key) {
        return chosen.contains(key) ? Optional.of(results.computeIfAbsent(key, first -> new Results()))
                : Optional.empty();
    }

    /** The tensors that an operation allocated for its results in forward, in the order of its calls; recompute gets them in this order again. */
    static final class Results {
        private final List<Tensor> tensors = new ArrayList<>();
        private int returned;

        Tensor add(Tensor tensor) {
            tensors.add(tensor);
            return tensor;
        }

        Tensor next(DType dtype, long... shape) {
            Tensor tensor = returned < tensors.size() ? tensors.get(returned++) : null;
            if (tensor == null || tensor.dtype() != dtype || !Arrays.equals(Tape.extents(tensor), shape)) {
                throw new IllegalStateException("recompute allocates " + dtype + " " + Arrays.toString(shape)
                        + " where forward has kept " + (tensor == null ? "nothing" : tensor)
                        + "; an operation allocates the same in both");
            }
            return tensor;
        }
    }
}
