package io.moe4j.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A temporary checkpoint for an export. It lies in a folder beside the exported one: {@code NAME.checkpoint}. */
final class PassingCheckpoint {
    private static final Logger log = LoggerFactory.getLogger(PassingCheckpoint.class);

    private PassingCheckpoint() {}

    /** The folder in which it is saved. */
    static Path folder(Path exported) {
        Path place = exported.toAbsolutePath().normalize();
        return place.resolveSibling(place.getFileName() + ".checkpoint");
    }

    /** Removes the checkpoint, and its folder if that is empty then. */
    static void remove(Path checkpoint) {
        try (Stream<Path> found = Files.walk(checkpoint)) {
            List<Path> all = found.sorted(Comparator.reverseOrder()).toList();
            for (Path each : all) {
                Files.delete(each);
            }
            Path parent = checkpoint.getParent();
            if (parent != null && isEmpty(parent)) {
                Files.delete(parent);
            }
        } catch (IOException e) {
            log.warn("{} is no longer needed, and cannot be removed: {}", checkpoint, e.getMessage());
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }
}
