package io.moe4j.tests.compat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
     * @param work a folder for what is needed on the way
     * @param jar the file to write
     * @param packed which class files, by path, go into it
     */
    static Path write(Sources sources, OtherVersion version, Path work, Path jar, Predicate<String> packed)
            throws IOException {
        Path classes = Compiler.compile(sources, version.modulePath(), Files.createTempDirectory(work, "plug-in"));
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
        }
        return jar;
    }

    static Path write(Sources sources, OtherVersion version, Path work, Path jar) throws IOException {
        return write(sources, version, work, jar, name -> true);
    }
}
