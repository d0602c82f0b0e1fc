package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;

/**
 * Where the data of a run goes on: between two steps, the same for all ranks.
 *
 * @param sequenceTokens S, tokens of a sequence
 * @param sources each source and its part in the mixture
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataPosition(int sequenceTokens, List<Part> sources) {

    public DataPosition {
        sources = List.copyOf(sources);
    }

    /** The part of a source. */
    public Optional<Part> of(String source) {
        return sources.stream().filter(part -> part.position().source().equals(source)).findFirst();
    }

    /**
     * One source of a mixture.
     *
     * @param position where it goes on
     * @param weight as configured
     * @param taken sequences of it since weights changed last
     * @param usedUp whether it has given all its epochs
     */
    public record Part(SourcePosition position, double weight, long taken, boolean usedUp) {}
}
