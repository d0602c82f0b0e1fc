package io.moe4j.trainer.model;

import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Explains why a path with neither a checkpoint nor a model's config.json cannot be opened. */
final class NoModel {

    private NoModel() {}

    /** The problem and the remedy; empty if no more is known than that there is no model. */
    static Optional<String> problem(Path path) {
        if (!Files.exists(path)) {
            return Optional.of(path + " does not exist; give a checkpoint, a run that has some, or a model folder in"
                    + " Hugging Face's layout");
        }
        if (Files.isRegularFile(path.resolve("metrics.jsonl"))) {
            return Optional.of(path + " is a run that has saved no checkpoint; train with --checkpoint.enable to keep"
                    + " its model");
        }
        return newestRun(path).map(run -> path + " is no run, and has some; name one of them, such as " + run);
    }

    private static Optional<Path> newestRun(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(each -> !CheckpointChoice.candidates(each).isEmpty())
                    .max((a, b) -> Long.compare(a.toFile().lastModified(), b.toFile().lastModified()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
