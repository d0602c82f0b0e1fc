package io.moe4j.tests.errorprone;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The source files of all modules that the build names. */
final class SourceRoots {
    private static final Pattern MODULE = Pattern.compile("<module>([\\w/-]+)</module>");

    private SourceRoots() {}

    /** The working directory, or the nearest folder above it, that has the Maven wrapper. */
    static Path project() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("mvnw"))) {
                return folder;
            }
        }
        throw new IllegalStateException(
                "no folder above " + Path.of("").toAbsolutePath() + " holds mvnw; run from the source tree");
    }

    /**
     * The Java files of {@code src/KIND/java} of each module that {@code pom.xml} names, but for module descriptors, of which a class path may hold no two.
     *
     * @param kind main or test
     */
    static Set<Path> files(String kind) throws IOException {
        Set<Path> files = new TreeSet<>();
        List<String> modules = MODULE.matcher(Files.readString(project().resolve("pom.xml"))).results()
                .map(found -> found.group(1)).toList();
        for (String module : modules) {
            Path root = project().resolve(module, "src", kind, "java");
            if (Files.isDirectory(root)) {
                files.addAll(under(root));
            }
        }
        return files;
    }

    /** The Java files in a folder and below it, without module descriptors. */
    static List<Path> under(Path root) throws IOException {
        try (Stream<Path> found = Files.walk(root)) {
            return found.filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java"))
                    .toList();
        }
    }
}
