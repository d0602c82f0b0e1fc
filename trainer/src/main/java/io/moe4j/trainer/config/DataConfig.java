package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is read.
 *
 * @param path a text file, a JSONL file, or a folder of them; the packaged sources of this project if absent
 * @param tokenizer id of the tokenizer: {@code bytes}
 */
@Stability(Stability.Level.EVOLVING)
public record DataConfig(Optional<Path> path, String tokenizer) {}
