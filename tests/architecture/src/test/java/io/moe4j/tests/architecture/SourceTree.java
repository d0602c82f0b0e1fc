package io.moe4j.tests.architecture;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the sources of this project stand. */
final class SourceTree {

    private SourceTree() {}

    /** The first folder upwards of the working directory with the Maven wrapper in it. */
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
