package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.data.DataSource;
import io.moe4j.data.TokenFolder;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.TrainerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Which folders a run may not write to: those of models and tokens, and those that it reads as data. */
final class FolderUse {
    private FolderUse() {}

    /**
     * Checks that a folder can be that of a run.
     *
     * @param folder exists
     * @throws InputException if it has something that a run is not to be mixed with, or the run would read its own files as data
     */
    static void requireFree(Path folder, TrainerConfig config) {
        content(folder).ifPresent(what -> {
            throw new InputException(folder + " is a folder of " + what
                    + ", and cannot be the run's folder; give an --output of its own");
        });
        Stream.concat(ConfiguredData.sources(config.data()).stream().map(DataSource::path).flatMap(Optional::stream),
                config.validation().path().stream()).filter(data -> isIn(folder, data)).findFirst().ifPresent(data -> {
                    throw new InputException("the run's folder " + folder + " is in " + data
                            + ", which is read as data: the run would read its own files, and could not be continued,"
                            + " because the data would have changed; give an --output outside of it");
                });
    }

    private static Optional<String> content(Path folder) {
        return Files.exists(folder.resolve("config.json")) ? Optional.of("a model")
                : Files.exists(folder.resolve("adapter_config.json")) ? Optional.of("low-rank updates")
                        : TokenFolder.isIn(folder) ? Optional.of("tokens") : Optional.empty();
    }

    private static boolean isIn(Path folder, Path data) {
        try {
            return Files.isDirectory(data) && folder.toRealPath().startsWith(data.toRealPath());
        } catch (IOException e) {
            // The code that reads the data reports what is wrong with it.
            return false;
        }
    }
}
