package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.Resume;
import io.moe4j.trainer.config.SameTraining;
import io.moe4j.trainer.config.TrainerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An earlier run in a folder.
 *
 * @param folder the run's folder
 * @param savedCheckpoints whether it has checkpoints, from which it could go on
 */
record EarlierRun(Path folder, boolean savedCheckpoints) {
    /** The file with the configuration in a run's folder. */
    static final String CONFIG = "config.toml";

    /** The run that has written steps or checkpoints to a folder, if one has. */
    static Optional<EarlierRun> in(Path folder) {
        try {
            Path metrics = folder.resolve("metrics.jsonl");
            boolean steps = Files.isRegularFile(metrics) && Files.size(metrics) > 0;
            boolean checkpoints = hasCheckpoints(folder.resolve("checkpoints"));
            return steps || checkpoints ? Optional.of(new EarlierRun(folder, checkpoints)) : Optional.empty();
        } catch (IOException e) {
            throw new InputException("the run's folder " + folder + " cannot be read (" + Shown.fileProblem(e)
                    + "); give an --output in a folder that you may read and write", e);
        }
    }

    private static boolean hasCheckpoints(Path checkpoints) throws IOException {
        if (!Files.isDirectory(checkpoints)) {
            return false;
        }
        try (Stream<Path> all = Files.list(checkpoints)) {
            return all.anyMatch(each -> each.getFileName().toString().startsWith("step-"));
        }
    }

    /**
     * Checks that a new run may write to this folder.
     *
     * @param config of the new run. It may continue this run from one of its checkpoints, or begin this run again if that has saved nothing
     * @throws InputException if it may not
     */
    void requireContinuedBy(TrainerConfig config) {
        Optional<String> reason = switch (config.checkpoint().resume()) {
            case Resume.Nothing() -> Optional.of("");
            case Resume.From(Path from) when contains(from) -> Optional.empty();
            case Resume.From(Path from) -> Optional.of(", which is not the one that --checkpoint.resume " + from
                    + " names");
            case Resume.Auto() when savedCheckpoints || differences(config).isEmpty() -> Optional.empty();
            case Resume.Auto() -> Optional.of(", which has saved nothing and is of another configuration ("
                    + String.join(", ", differences(config)) + ")");
        };
        if (reason.isEmpty()) {
            return;
        }
        throw new InputException(folder + " has an earlier run" + reason.get()
                + ": two runs do not share a folder. Give another --output, "
                + (savedCheckpoints ? "continue the earlier run with --checkpoint.resume " + folder + ", " : "")
                + "or remove the folder");
    }

    /** The keys whose values make {@code config} another training than this run's; the name of this run's configuration file if that cannot be read. */
    List<String> differences(TrainerConfig config) {
        Path written = folder.resolve(CONFIG);
        try {
            return SameTraining.differences(ConfigLoader.written(Files.readString(written)), config);
        } catch (IOException | RuntimeException e) {
            return List.of(CONFIG + ", which cannot be read");
        }
    }

    private boolean contains(Path resume) {
        try {
            return resume.toRealPath().startsWith(folder.toRealPath());
        } catch (IOException e) {
            return false;
        }
    }
}
