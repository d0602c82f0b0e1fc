package io.moe4j.tests.compat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** Makes modular jars, whole or broken. */
final class PlugInJar {

    private PlugInJar() {}

    /**
     * Compiles {@code sources} against {@code version} and packs them.
     *
     * @param work a folder for intermediate files
     * @param jar the file to write
     * @param packed which class files, by path, go into it
     * @param texts further files that go into it, by path
     */
    static Path write(Sources sources, OtherVersion version, Path work, Path jar, Predicate<String> packed,
            Map<String, String> texts) throws IOException {
        Path classes = Compiler.compile(sources, version, Files.createTempDirectory(work, "plug-in"));
        Files.createDirectories(jar.getParent());
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            List<Path> found = files.filter(Files::isRegularFile).sorted().toList();
            for (Path file : found) {
                String name = classes.relativize(file).toString();
                if (packed.test(name)) {
                    entries.putNextEntry(new JarEntry(name));
                    Files.copy(file, entries);
                    entries.closeEntry();
                }
            }
            for (Map.Entry<String, String> text : texts.entrySet()) {
                entries.putNextEntry(new JarEntry(text.getKey()));
                entries.write(text.getValue().getBytes(StandardCharsets.UTF_8));
                entries.closeEntry();
            }
        }
        return jar;
    }

    static Path write(Sources sources, OtherVersion version, Path work, Path jar, Predicate<String> packed)
            throws IOException {
        return write(sources, version, work, jar, packed, Map.of());
    }

    static Path write(Sources sources, OtherVersion version, Path work, Path jar) throws IOException {
        return write(sources, version, work, jar, name -> true);
    }
}
