package io.moe4j.tests.integration;

import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the source tree that these tests are run in. */
final class ProjectFiles {

    private ProjectFiles() {}

    static Path readme() {
        return root().resolve("README.md");
    }

    /** A page of the documentation. */
    static Path doc(String name) {
        return root().resolve("docs").resolve(name);
    }

    /** A model that reads bytes and trains in milliseconds, also in a JVM that has just started: for {@code --model.from}. */
    static String tinyModel() {
        return root().resolve("tests/tiny-model").toString();
    }

    /** A job file that comes with moe4j. */
    static Path job(String name) {
        return root().resolve("examples").resolve("jobs").resolve(name);
    }

    private static Path root() {
        for (Path each = Path.of("").toAbsolutePath(); each != null; each = each.getParent()) {
            if (Files.isExecutable(each.resolve("moe4j")) && Files.isRegularFile(each.resolve("README.md"))) {
                return each;
            }
        }
        throw new IllegalStateException("README.md is in no folder above " + Path.of("").toAbsolutePath());
    }
}
