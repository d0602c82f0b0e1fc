package io.moe4j.trainer.model;

import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.huggingface.FolderConfig;
import java.nio.file.Files;
import java.nio.file.Path;

/** Explains why a path with neither a checkpoint nor a model's config.json cannot be opened. */
final class NoModel {

    private static final String KINDS = "; give a checkpoint, a run that has some, or a model folder in Hugging Face's layout";

    private NoModel() {}

    /** The problem and the remedy. */
    static String problem(Path path) {
        if (!Files.exists(path)) {
            return path + " does not exist" + KINDS + FolderConfig.ofHub(path);
        }
        if (!Files.isDirectory(path)) {
            return path + " is no folder" + KINDS;
        }
        if (Files.isRegularFile(path.resolve("metrics.jsonl"))) {
            return path + " is a run that has saved no checkpoint; train with --checkpoint.enable to keep"
                    + " its model";
        }
        return CheckpointChoice.newestRun(path)
                .map(run -> path + " is no run, and has some; name one of them, such as " + run)
                .or(() -> FolderConfig.modelIn(path)
                        .map(model -> path + " is no model, and has some; name one of them, such as " + model))
                .orElseGet(() -> path + " has no checkpoint, and no " + FolderConfig.NAME + KINDS);
    }
}
