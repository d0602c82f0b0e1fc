package io.moe4j.autograd.recompute;

import io.moe4j.api.Stability;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The operations whose results are kept from forward to backward: for each segment, their keys ({@link io.moe4j.autograd.OperationProfile#key}). For example
 * {@code layers.3} keeps {@code attention} and {@code attention.query}.
 *
 * @param bySegment segments that keep nothing may be left out
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record KeptChoice(Map<String, Set<String>> bySegment) {

    public KeptChoice {
        Map<String, Set<String>> copy = new LinkedHashMap<>();
        bySegment.forEach((segment, kept) -> copy.put(segment, Set.copyOf(kept)));
        bySegment = java.util.Collections.unmodifiableMap(copy);
    }

    /** Everything is computed again. */
    public static KeptChoice nothing() {
        return new KeptChoice(Map.of());
    }

    /** What a segment keeps. */
    public Set<String> of(String segment) {
        return bySegment.getOrDefault(segment, Set.of());
    }
}
