package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;

/**
 * The position in the data of a run, between two steps; the same for all ranks.
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
     * @param position from where the source continues
     * @param weight its configured weight
     * @param taken sequences taken from it since the weights changed last
     * @param usedUp whether all its epochs were read
     */
    public record Part(SourcePosition position, double weight, long taken, boolean usedUp) {}
}
