package io.moe4j.data;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A source of a mixture, as it is configured.
 *
 * @param name for metrics and messages, and by which a checkpoint finds it again
 * @param path a file or folder; the packaged sources of this project if absent
 * @param weight how many sequences of it there are, in proportion to the weights of the others
 * @param epochs after which it is used up; 0: never
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataSource(String name, Optional<Path> path, double weight, long epochs) {}
