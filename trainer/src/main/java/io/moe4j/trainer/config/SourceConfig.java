package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A source of a mixture: a table {@code [data.sources.NAME]}. Not a section: there are as many as one likes.
 *
 * @param path a file or folder
 * @param weight how many sequences of it there are, in proportion to the weights of the others
 * @param epochs after which it is used up, 0 for no limit; if absent, {@code data.epochs}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SourceConfig(Optional<Path> path, double weight, Optional<Long> epochs) {
    /** What a table has that says nothing. */
    static final SourceConfig EMPTY = new SourceConfig(Optional.empty(), 1, Optional.empty());

    /** A source of weight 1, without a limit of its own. */
    public static SourceConfig of(Path path) {
        return new SourceConfig(Optional.of(path), 1, Optional.empty());
    }

    /** With another weight. */
    public SourceConfig withWeight(double value) {
        return new SourceConfig(path, value, epochs);
    }

    /** With a limit of its own. */
    public SourceConfig withEpochs(long value) {
        return new SourceConfig(path, weight, Optional.of(value));
    }

    SourceConfig withPath(Optional<Path> value) {
        return new SourceConfig(value, weight, epochs);
    }
}
