package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.config.TrainerConfig;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks the names in a run's folder that the run is going to use. An obstacle, such as a file named {@code checkpoints}, is reported before the first step,
 * and not when the first checkpoint is due.
 */
final class OutputPlaces {

    private OutputPlaces() {}

    /**
     * Checks the folder; it need not exist.
     *
     * @throws InputException if it has a file where the run makes a folder, a folder where it writes a file, or an entry that the run cannot write
     */
    static void require(TrainerConfig config, Path output) {
        List<String> problems = new ArrayList<>();
        if (stands(output)) {
            folder(output, "the run's folder", problems);
        }
        if (problems.isEmpty()) {
            folders(config).forEach(name -> folder(output.resolve(name), "the run's folder " + name, problems));
            files(config).forEach(name -> file(output.resolve(name), problems));
        }
        if (!problems.isEmpty()) {
            throw new InputException(String.join("; ", problems)
                    + ". Remove or rename what stands there, or give another --output");
        }
    }

    private static List<String> folders(TrainerConfig config) {
        List<String> names = new ArrayList<>();
        if (config.checkpoint().enable()) {
            names.add(CheckpointChoice.CHECKPOINTS);
        }
        if (config.metrics().tensorboard()) {
            names.add("tensorboard");
        }
        return names;
    }

    private static List<String> files(TrainerConfig config) {
        List<String> names = new ArrayList<>(List.of("metrics.jsonl", "checkpoints.jsonl", "run.json"));
        if (config.metrics().layersEvery() > 0) {
            names.add("layers.jsonl");
        }
        if (config.metrics().report()) {
            names.add("report.html");
        }
        config.profile().range().ifPresent(range -> names.add(RunProfile.fileName(range)));
        return names;
    }

    private static void folder(Path path, String what, List<String> problems) {
        if (stands(path) && !Files.isDirectory(path)) {
            problems.add(path + (Files.exists(path) ? " is a file" : " is a link to nothing") + ", and " + what
                    + " goes there");
        } else if (stands(path) && !Files.isWritable(path)) {
            problems.add(path + " cannot be written, and " + what + " goes there");
        }
    }

    private static void file(Path path, List<String> problems) {
        if (Files.isDirectory(path)) {
            problems.add(path + " is a folder, and the run writes a file of this name");
        }
    }

    private static boolean stands(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }
}
