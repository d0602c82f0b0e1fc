package io.moe4j.tests.architecture;

import java.nio.file.Files;
import java.nio.file.Path;

/** The source tree of this project. */
final class SourceTree {

    private SourceTree() {}

    /** The working directory, or the nearest folder above it, that has the Maven wrapper. */
    static Path root() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("mvnw"))) {
                return folder;
            }
        }
        throw new IllegalStateException(
                "no folder above " + Path.of("").toAbsolutePath() + " holds mvnw; run from the source tree");
    }
}
