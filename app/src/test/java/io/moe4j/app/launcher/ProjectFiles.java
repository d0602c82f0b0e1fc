package io.moe4j.app.launcher;

import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the source tree that these tests are run in. */
public final class ProjectFiles {

    private ProjectFiles() {}

    public static Path root() {
        for (Path each = Path.of("").toAbsolutePath(); each != null; each = each.getParent()) {
            if (Files.isExecutable(each.resolve("moe4j")) && Files.isDirectory(each.resolve("build-support"))) {
                return each;
            }
        }
        throw new IllegalStateException("the script moe4j is in no folder above " + Path.of("").toAbsolutePath());
    }

    /** A model that reads bytes and trains in milliseconds, also in a JVM that has just started: for {@code --model.from}. */
    public static String tinyModel() {
        return root().resolve("tests/tiny-model").toString();
    }
}
