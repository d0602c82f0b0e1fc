package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Finds the steps in a folder of checkpoints, with their states. It only reads.
 *
 * @param folder the folder, as an absolute path; it need not exist
 */
record StepFolders(Path folder) {

    /** The path of a step in a state. */
    Path named(long step, String ending) {
        return folder.resolve(StepNames.of(step) + ending);
    }

    /** The checkpoints that count, the newest last. */
    List<Path> counting() {
        Map<Long, Path> found = new TreeMap<>();
        in(StepNames.OLD).forEach(found::put);
        in("").forEach(found::put);
        return List.copyOf(found.values());
    }

    /** All steps that are in a state. */
    Map<Long, Path> in(String ending) {
        // A folder that this user may list but not enter would look empty, because no entry could be recognised as a folder.
        UnreadableFile.requireReachable(folder.resolve(StepNames.of(0)));
        Map<Long, Path> found = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return found;
        }
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(Files::isDirectory).forEach(each -> StepNames.step(each, ending)
                    .ifPresent(step -> found.put(step, each)));
        } catch (IOException e) {
            throw UnreadableFile.because(folder, e);
        }
        return found;
    }
}
