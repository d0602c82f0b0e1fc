package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.data.BadLines;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is read.
 *
 * @param path a text file, a JSONL file, or a folder of them; the packaged sources of this project if absent
 * @param tokenizer id of the tokenizer: {@code bytes}
 * @param onBadLine what becomes of a line of a JSONL file that is not an object with a text
 */
@Stability(Stability.Level.EVOLVING)
public record DataConfig(Optional<Path> path, String tokenizer, BadLines onBadLine) {}
