package io.moe4j.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Detects folders that are removed or replaced during a run, because writing to a removed folder loses data without any error. */
final class OutputWatch {
    private final Map<Path, Optional<Object>> folders = new LinkedHashMap<>();

    /** Begins to watch a folder, if it exists. */
    void watch(Path folder) {
        if (Files.isDirectory(folder)) {
            folders.put(folder, key(folder));
        }
    }

    /** The first folder that was removed, or replaced by another one of the same name. */
    Optional<Path> lost() {
        return folders.entrySet().stream()
                .filter(each -> !Files.isDirectory(each.getKey()) || !key(each.getKey()).equals(each.getValue()))
                .map(Map.Entry::getKey).findFirst();
    }

    /** The key that distinguishes a folder from another one that takes its place; empty if the file system has no such key. */
    private static Optional<Object> key(Path folder) {
        try {
            return Optional.ofNullable(Files.readAttributes(folder, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
