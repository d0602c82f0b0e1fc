package io.moe4j.trainer.checkpoint.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the checkpoint of a step count: it is written under a name that does not count, and then renamed.
 *
 * @param folders the folder of checkpoints
 * @param files the file operations to use
 */
record Publication(StepFolders folders, FileOperations files) {
    private static final Logger log = LoggerFactory.getLogger(Publication.class);

    /** See {@link CheckpointStore#begin}. */
    Path begin(long step) throws IOException {
        Path part = folders.named(step, StepNames.PART);
        Trees.make(files, folders.folder());
        Trees.remove(files, part);
        files.makeFolder(part);
        return part;
    }

    /** See {@link CheckpointStore#complete}. */
    Path complete(long step) throws IOException {
        Path part = folders.named(step, StepNames.PART);
        Path place = folders.named(step, "");
        Path old = folders.named(step, StepNames.OLD);
        Removal removal = new Removal(folders, files);
        files.forceFolder(part);
        boolean replaces = Files.exists(place) || Files.exists(old);
        if (Files.exists(place)) {
            if (Files.exists(old)) {
                removal.discard(step, old);
            }
            files.rename(place, old);
        }
        try {
            files.rename(part, place);
        } catch (IOException e) {
            putBack(replaces, old, place, e);
            throw e;
        }
        files.forceFolder(folders.folder());
        if (replaces) {
            try {
                removal.discard(step, old);
            } catch (IOException e) {
                log.warn("{} replaces {}, which cannot be removed ({}); the next start removes it", place, old,
                        e.getMessage());
            }
        }
        return place;
    }

    /** See {@link CheckpointStore#abandon}. */
    void abandon(long step) {
        Path part = folders.named(step, StepNames.PART);
        try {
            Trees.remove(files, part);
        } catch (IOException e) {
            log.warn("{} cannot be removed ({}); it does not count, and the next start removes it", part,
                    e.getMessage());
        }
    }

    private void putBack(boolean replaces, Path old, Path place, IOException cause) {
        if (replaces) {
            try {
                files.rename(old, place);
            } catch (IOException second) {
                // The checkpoint under its other name, .old, counts too.
                cause.addSuppressed(second);
            }
        }
    }
}
