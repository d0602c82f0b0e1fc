package io.moe4j.trainer.checkpoint.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes or removes the unfinished folders that a killed run left.
 *
 * @param folders the folder of checkpoints
 * @param files the file operations to use
 */
record Sweep(StepFolders folders, FileOperations files) {
    private static final Logger log = LoggerFactory.getLogger(Sweep.class);

    void run() throws IOException {
        if (!Files.isDirectory(folders.folder())) {
            return;
        }
        Map<Long, Path> old = folders.in(StepNames.OLD);
        Map<Long, Path> whole = folders.in("");
        List<Path> rubbish = new ArrayList<>(folders.in(StepNames.PART).values());
        rubbish.addAll(folders.in(StepNames.GONE).values());
        if (old.isEmpty() && rubbish.isEmpty()) {
            return;
        }
        // Make renames from before the kill durable before removing anything that they replace.
        files.forceFolder(folders.folder());
        for (Map.Entry<Long, Path> each : old.entrySet()) {
            Path place = folders.named(each.getKey(), "");
            if (whole.containsKey(each.getKey())) {
                new Removal(folders, files).discard(each.getKey(), each.getValue());
            } else if (isWhole(each.getValue())) {
                files.rename(each.getValue(), place);
                files.forceFolder(folders.folder());
                log.warn("{} was being replaced when the run before was killed; it counts again", place);
            } else {
                rubbish.add(each.getValue());
            }
        }
        for (Path each : rubbish) {
            Trees.remove(files, each);
            log.info("removed {}, which a killed run left", each);
        }
    }

    private static boolean isWhole(Path checkpoint) {
        try {
            StoredCheckpoint.open(checkpoint);
            return true;
        } catch (DamageException e) {
            return false;
        }
    }
}
