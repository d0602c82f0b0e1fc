package io.moe4j.report;

import java.nio.file.Path;
import java.util.List;

/** What runs are called on the page: the names of their folders, or the whole paths where names are equal. */
final class RunNames {

    private RunNames() {}

    static List<String> of(List<Path> folders) {
        List<String> names = folders.stream()
                .map(folder -> String.valueOf(folder.toAbsolutePath().normalize().getFileName())).toList();
        return names.stream().distinct().count() == names.size() ? names
                : folders.stream().map(folder -> folder.normalize().toString()).toList();
    }
}
