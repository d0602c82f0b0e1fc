package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A source of a mixture: a table {@code [data.sources.NAME]}. There may be any number of such tables.
 *
 * @param path a file or folder
 * @param weight the source's share of the sequences, in proportion to the weights of the other sources
 * @param epochs how often the source is read before it is used up, 0 for no limit; if absent, {@code data.epochs}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SourceConfig(Optional<Path> path, double weight, Optional<Long> epochs) {
    /** The weight of a source whose table gives none. */
    static final SourceConfig EMPTY = new SourceConfig(Optional.empty(), 1, Optional.empty());

    /** A source of weight 1, without a limit of its own. */
    public static SourceConfig of(Path path) {
        return new SourceConfig(Optional.of(path), 1, Optional.empty());
    }

    /** With another weight. */
    public SourceConfig withWeight(double value) {
        return new SourceConfig(path, value, epochs);
    }

    /** With another limit of epochs. */
    public SourceConfig withEpochs(long value) {
        return new SourceConfig(path, weight, Optional.of(value));
    }

    SourceConfig withPath(Optional<Path> value) {
        return new SourceConfig(value, weight, epochs);
    }
}
