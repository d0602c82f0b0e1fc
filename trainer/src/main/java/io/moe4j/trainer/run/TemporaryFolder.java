package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A folder that is gone when it is closed. */
final class TemporaryFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TemporaryFolder.class);

    private final Path path;
    private final boolean removed;

    /**
     * @param path is not there yet; whatever needs it makes it
     * @param removed whether this process removes it
     */
    TemporaryFolder(Path path, boolean removed) {
        this.path = path;
        this.removed = removed;
        if (removed && Files.exists(path)) {
            throw new InputException(
                    path + " is needed for a while, and exists already; remove it, or give another place");
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        if (!removed || !Files.exists(path)) {
            return;
        }
        try (Stream<Path> found = Files.walk(path)) {
            List<Path> all = found.sorted(Comparator.reverseOrder()).toList();
            for (Path each : all) {
                Files.delete(each);
            }
        } catch (IOException e) {
            log.warn("{} is no longer needed, and cannot be removed: {}", path, e.getMessage());
        }
    }
}
