package io.moe4j.trainer.plugins;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The jars of a plug-in path.
 *
 * @param jars files, in order, each once
 * @param problems reason by entry that has none
 */
record PluginPath(List<PluginJar> jars, Map<String, String> problems) {

    /** Files as they are, folders with their jars in order of their names. */
    static PluginPath of(List<Path> entries) {
        List<PluginJar> jars = new ArrayList<>();
        Map<String, String> problems = new LinkedHashMap<>();
        for (Path entry : entries) {
            Path path = entry.toAbsolutePath().normalize();
            if (Files.isDirectory(path)) {
                addFolder(path, jars, problems);
            } else if (Files.isRegularFile(path)) {
                jars.add(new PluginJar(path, List.of()));
            } else {
                problems.put(path.toString(), "there is no such file or folder; give a jar, or a folder of jars");
            }
        }
        return new PluginPath(jars.stream().distinct().toList(), problems);
    }

    private static void addFolder(Path folder, List<PluginJar> jars, Map<String, String> problems) {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(file -> file.toString().endsWith(".jar") && Files.isRegularFile(file))
                    .sorted().toList();
            if (found.isEmpty()) {
                problems.put(folder.toString(), "the folder has no jars; give a jar, or a folder of jars");
            }
            found.forEach(jar -> jars.add(new PluginJar(jar, found)));
        } catch (IOException e) {
            problems.put(folder.toString(), "the folder cannot be read: " + e);
        }
    }
}
