package io.moe4j.trainer.model;

import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.TrainerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The model of an old checkpoint that does not name its model: the one that the configuration in the run's folder names. */
final class EarlierModel {
    private static final String CONFIG = "config.toml";

    private EarlierModel() {}

    static Optional<StoredModel> of(Path checkpoint) {
        Path checkpoints = checkpoint.toAbsolutePath().normalize().getParent();
        if (checkpoints == null || checkpoints.getParent() == null
                || !checkpoints.endsWith(CheckpointChoice.CHECKPOINTS)) {
            return Optional.empty();
        }
        Path config = checkpoints.getParent().resolve(CONFIG);
        try {
            if (!Files.isRegularFile(config)) {
                return Optional.empty();
            }
            TrainerConfig written = ConfigLoader.written(Files.readString(config));
            return Optional.of(new StoredModel(written.model().name(), Optional.of(written.model().flavor()),
                    Optional.empty(), Optional.empty(), written.data().tokenizer(), Optional.empty()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
