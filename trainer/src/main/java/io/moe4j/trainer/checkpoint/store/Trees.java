package io.moe4j.trainer.checkpoint.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Makes and removes folders with their content, one operation at a time. */
final class Trees {

    private Trees() {}

    /** Makes missing folders, each durable in the one above it. */
    static void make(FileOperations files, Path wanted) throws IOException {
        List<Path> missing = new ArrayList<>();
        Path parent = wanted;
        while (parent != null && !Files.isDirectory(parent)) {
            missing.addFirst(parent);
            parent = parent.getParent();
        }
        for (Path each : missing) {
            files.makeFolder(each);
        }
        // The run's own folder was made by other code, which may not have forced it: this makes the names up to two levels above durable.
        Path above = wanted.getParent();
        for (int level = 0; above != null && (level < 2 || missing.contains(above)); level++) {
            files.forceFolder(above);
            above = above.getParent();
        }
    }

    /** Removes a folder with its content, if it exists. */
    static void remove(FileOperations files, Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walked = Files.walk(tree)) {
            all = walked.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            files.delete(each);
        }
    }
}
