package io.moe4j.trainer.plugins;

import io.moe4j.api.host.Ownership;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jars of a plug-in path. A jar runs with all rights of this process, so one that every user of the machine could change is left out; one that its
 * group, or another user, could change is named in the log.
 *
 * @param jars files, in order, each once
 * @param problems for each entry of the path without usable jars, the reason
 */
record PluginPath(List<PluginJar> jars, Map<String, String> problems) {
    private static final Logger log = LoggerFactory.getLogger(PluginPath.class);

    /**
     * Finds the jars: files are taken as they are, with the jars beside them that they require, and folders contribute their jars in the order of their
     * names.
     */
    static PluginPath of(List<Path> entries) {
        return of(entries, Ownership.ofThisProcess());
    }

    /** The same search for the user of {@code ownership}. */
    static PluginPath of(List<Path> entries, Ownership ownership) {
        Map<Path, PluginJar> jars = new LinkedHashMap<>();
        Map<String, String> problems = new LinkedHashMap<>();
        for (Path entry : entries) {
            Path path = entry.toAbsolutePath().normalize();
            if (Files.isDirectory(path)) {
                addFolder(path, ownership, jars, problems);
            } else if (Files.isRegularFile(path)) {
                addJar(path, ownership, jars, problems);
            } else {
                problems.put(path.toString(), "there is no such file or folder; give a jar, or a folder of jars");
            }
        }
        return new PluginPath(List.copyOf(jars.values()), problems);
    }

    /** Of the other jars in its folder, only those that it requires run here, so that only they are looked at. */
    private static void addJar(Path jar, Ownership ownership, Map<Path, PluginJar> jars, Map<String, String> problems) {
        if (!jars.containsKey(jar) && isTrusted(jar, ownership, problems)) {
            jars.put(jar, new PluginJar(jar, RequiredJars.beside(jar).stream()
                    .filter(library -> isTrusted(library, ownership, problems)).toList()));
        }
    }

    private static void addFolder(Path folder, Ownership ownership, Map<Path, PluginJar> jars,
            Map<String, String> problems) {
        try {
            List<Path> found = jarsIn(folder);
            if (found.isEmpty()) {
                problems.put(folder.toString(), "the folder has no jars; give a jar, or a folder of jars");
            }
            List<Path> trusted = found.stream().filter(jar -> isTrusted(jar, ownership, problems)).toList();
            trusted.forEach(jar -> jars.putIfAbsent(jar, new PluginJar(jar, trusted)));
        } catch (IOException e) {
            problems.put(folder.toString(), "the folder cannot be read: " + e);
        }
    }

    /** The jars of a folder, in the order of their names. */
    static List<Path> jarsIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar") && Files.isRegularFile(file)).sorted()
                    .toList();
        }
    }

    private static boolean isTrusted(Path jar, Ownership ownership, Map<String, String> problems) {
        try {
            Optional<String> reason = ownership.writableByAll(jar);
            if (reason.isPresent()) {
                problems.put(jar.toString(), reason.get() + ", so any of them could run code here; take that right away"
                        + " (chmod o-w), or copy the jar to a folder of your own");
                return false;
            }
            ownership.writableByAnother(jar).ifPresent(other -> log.warn(
                    "the plug-in {} can be changed by others: {}. It runs with your rights; use a copy that only you can"
                            + " write",
                    jar, other));
            return true;
        } catch (IOException e) {
            problems.put(jar.toString(), "the file cannot be read: " + e);
            return false;
        }
    }
}
