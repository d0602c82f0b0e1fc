package io.moe4j.tests.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Source files of one module, in memory.
 *
 * @param files their text by path, such as {@code io/moe4j/api/Stability.java}
 */
record Sources(Map<String, String> files) {

    Sources {
        files = Map.copyOf(files);
    }

    /** The main sources of a folder of this project, such as {@code api}. */
    static Sources ofProject(String folder) throws IOException {
        Path root = projectRoot().resolve(folder).resolve("src/main/java");
        try (Stream<Path> found = Files.walk(root)) {
            Map<String, String> files = new TreeMap<>();
            found.filter(file -> file.toString().endsWith(".java"))
                    .forEach(file -> files.put(root.relativize(file).toString(), read(file)));
            return new Sources(files);
        }
    }

    /** The example of the documentation: a communication backend. */
    static Sources ofExample() throws IOException {
        return ofProject("examples/plug-in");
    }

    /** With one more file, or with another text of an existing one. */
    Sources with(String path, String text) {
        Map<String, String> changed = new TreeMap<>(files);
        changed.put(path, text);
        return new Sources(changed);
    }

    /** Without one of the files. */
    Sources without(String path) {
        Map<String, String> changed = new TreeMap<>(files);
        if (changed.remove(path) == null) {
            throw new IllegalStateException("there is no " + path + "; the sources have moved on, so must the test");
        }
        return new Sources(changed);
    }

    /** With another text for every file that {@code edit} changes; it must change at least one, or the test would prove nothing. */
    Sources edited(UnaryOperator<String> edit) {
        Map<String, String> changed = new TreeMap<>();
        files.forEach((path, text) -> changed.put(path, edit.apply(text)));
        if (changed.equals(files)) {
            throw new IllegalStateException("the edit found nothing to change; the sources have moved on, so must it");
        }
        return new Sources(changed);
    }

    /** Those files that {@code other} does not have with this text. */
    Sources changedSince(Sources other) {
        Map<String, String> changed = new TreeMap<>(files);
        changed.entrySet().removeIf(file -> file.getValue().equals(other.files.get(file.getKey())));
        return new Sources(changed);
    }

    /** Replaces {@code found} wherever it stands. */
    Sources replaced(String found, String replacement) {
        return edited(text -> text.replace(found, replacement));
    }

    /** Writes them to a folder. */
    void writeTo(Path folder) throws IOException {
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path target = folder.resolve(file.getKey());
            Files.createDirectories(target.getParent());
            Files.writeString(target, file.getValue());
        }
    }

    /** A model that reads bytes and trains in milliseconds: for {@code --model.from}. */
    static String tinyModel() {
        return projectRoot().resolve("tests/tiny-model").toString();
    }

    /** The folder of this project. */
    static Path projectRoot() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("mvnw"))) {
                return folder;
            }
        }
        throw new IllegalStateException(
                "no folder above " + Path.of("").toAbsolutePath() + " holds mvnw; run from the source tree");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
