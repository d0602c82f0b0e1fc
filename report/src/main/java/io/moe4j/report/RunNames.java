package io.moe4j.report;

import java.nio.file.Path;
import java.util.List;

/** The names of runs on the page: those of their folders, or their whole paths if folders have equal names. */
final class RunNames {

    private RunNames() {}

    static List<String> of(List<Path> folders) {
        List<String> names = folders.stream()
                .map(folder -> String.valueOf(folder.toAbsolutePath().normalize().getFileName())).toList();
        return names.stream().distinct().count() == names.size() ? names
                : folders.stream().map(folder -> folder.normalize().toString()).toList();
    }
}
