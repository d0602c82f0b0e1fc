package io.moe4j.trainer.config;

import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.huggingface.AdapterFolder;
import io.moe4j.trainer.huggingface.FolderConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A folder of another kind than the key or option expects: checkpoints, model folders and adapters are easily confused.
 *
 * @param rule what the folder is
 * @param remedy which key or command takes such a folder
 */
record OtherFolder(String rule, String remedy) {

    /** What this folder is; empty if it is none of these kinds. */
    static Optional<OtherFolder> of(Path folder) {
        if (Files.exists(folder.resolve(FolderConfig.NAME))) {
            return Optional.of(new OtherFolder("this is a model folder in Hugging Face's layout",
                    "start from it with model.from"));
        }
        if (AdapterFolder.isOne(folder)) {
            return Optional.of(new OtherFolder("this folder has low-rank updates in PEFT's layout",
                    "continue them with lora.from, with their model in model.from, or add them to the model with moe4j export"));
        }
        return CheckpointChoice.candidates(folder).isEmpty() ? Optional.empty()
                : Optional.of(new OtherFolder("this is a checkpoint, or a run that has some",
                        "continue it with checkpoint.resume, or make a model folder of it with moe4j export (--adapter:"
                                + " its low-rank updates alone)"));
    }
}
