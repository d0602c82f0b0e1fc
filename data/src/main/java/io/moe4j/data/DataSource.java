package io.moe4j.data;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A source of a mixture, as it is configured.
 *
 * @param name its name in metrics, messages and checkpoints
 * @param path a file or folder; the packaged sources of this project if absent
 * @param weight its share of the sequences, in proportion to the weights of the others
 * @param epochs number of epochs after which it is used up; 0 for never
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataSource(String name, Optional<Path> path, double weight, long epochs) {}
