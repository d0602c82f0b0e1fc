package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What an earlier run has left in a folder.
 *
 * @param folder where
 * @param savedCheckpoints whether it has checkpoints, from which it could go on
 */
record EarlierRun(Path folder, boolean savedCheckpoints) {

    /** The run that has written steps or checkpoints to a folder, if one has. */
    static Optional<EarlierRun> in(Path folder) {
        try {
            Path metrics = folder.resolve("metrics.jsonl");
            boolean steps = Files.isRegularFile(metrics) && Files.size(metrics) > 0;
            boolean checkpoints = hasCheckpoints(folder.resolve("checkpoints"));
            return steps || checkpoints ? Optional.of(new EarlierRun(folder, checkpoints)) : Optional.empty();
        } catch (IOException e) {
            throw new InputException("the run's folder " + folder + " cannot be read (" + e.getMessage()
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
     * Checks that a new run may write here.
     *
     * @param resume what it continues: this run, or one of its checkpoints
     * @throws InputException otherwise
     */
    void requireContinuedBy(Optional<Path> resume) {
        if (resume.filter(this::contains).isPresent()) {
            return;
        }
        throw new InputException(folder + " has an earlier run"
                + resume.map(from -> ", which is not the one that --checkpoint.resume "
                        + from + " names").orElse("")
                + ": two runs do not share a folder. Give another --output, "
                + (savedCheckpoints ? "continue the earlier run with --checkpoint.resume " + folder + ", " : "")
                + "or remove the folder");
    }

    private boolean contains(Path resume) {
        try {
            return resume.toRealPath().startsWith(folder.toRealPath());
        } catch (IOException e) {
            return false;
        }
    }
}
