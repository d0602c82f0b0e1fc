package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes checkpoints stop counting: removes them, or renames damaged ones.
 *
 * @param folders the folder of checkpoints
 * @param files the file operations to use
 */
record Removal(StepFolders folders, FileOperations files) {
    private static final Logger log = LoggerFactory.getLogger(Removal.class);

    /** Removes a whole checkpoint. It is renamed first, durably, so that a partly removed one never has the name of a whole one. */
    void discard(long step, Path whole) throws IOException {
        Path gone = folders.named(step, StepNames.GONE);
        Trees.remove(files, gone);
        files.rename(whole, gone);
        files.forceFolder(folders.folder());
        Trees.remove(files, gone);
    }

    /** See {@link CheckpointStore#keepLatest}. */
    List<String> keepLatest(int count) {
        List<Path> all = folders.counting();
        List<String> left = new ArrayList<>();
        for (Path each : all.subList(0, Math.max(0, all.size() - count))) {
            OptionalLong step = StepNames.step(each, "");
            try {
                if (step.isPresent()) {
                    discard(step.getAsLong(), each);
                }
            } catch (IOException e) {
                log.warn("the old checkpoint {} cannot be removed ({}); the run goes on, and tries again after the next"
                        + " checkpoint", each, Shown.fileProblem(e));
                left.add(each + " (" + Shown.fileProblem(e) + ")");
            }
        }
        return left;
    }

    /** See {@link CheckpointStore#putAside}. */
    Optional<Path> putAside(Path damaged) throws IOException {
        Path here = folders.folder().resolve(damaged.getFileName());
        if (!Files.isDirectory(here) || !Files.isSameFile(here, damaged)) {
            return Optional.empty();
        }
        Path aside = here.resolveSibling(here.getFileName() + StepNames.DAMAGED);
        for (int i = 2; Files.exists(aside); i++) {
            aside = here.resolveSibling(here.getFileName() + StepNames.DAMAGED + "-" + i);
        }
        files.rename(here, aside);
        files.forceFolder(folders.folder());
        return Optional.of(aside);
    }
}
