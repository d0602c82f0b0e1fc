package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/** The files of a folder and all its subfolders, except hidden ones. Links are followed. */
final class FileTree {
    private final List<Path> files = new ArrayList<>();
    /** The real paths of the folders that contain the current one. */
    private final Deque<Path> above = new ArrayDeque<>();

    private FileTree() {}

    /** All files, sorted by path. */
    static List<Path> files(Path folder) {
        FileTree tree = new FileTree();
        tree.walk(folder);
        return tree.files.stream().sorted().toList();
    }

    /** Throws if the path cannot be read more than once, as a pipe. */
    static void requireFile(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new InputException(path + " is a pipe, a socket or a device, and data is read more than once;"
                    + " save it to a file, or remove it from the data");
        }
    }

    private void walk(Path folder) {
        try {
            Path real = folder.toRealPath();
            if (above.contains(real)) {
                throw new InputException(folder + " is a link to " + real + ", which it is inside of; remove the link");
            }
            above.push(real);
            try (Stream<Path> entries = Files.list(folder)) {
                entries.filter(entry -> !CorpusFile.isHidden(List.of(entry.getFileName()))).forEach(this::visit);
            }
            above.pop();
        } catch (IOException | UncheckedIOException e) {
            throw new InputException(folder + " cannot be listed; allow this user to read it, or remove it", e);
        }
    }

    private void visit(Path entry) {
        if (Files.isDirectory(entry)) {
            walk(entry);
        } else if (!Files.exists(entry)) {
            UnreadableFile.requireReachable(entry);
            throw new InputException(entry + " is a link to something that does not exist; correct or remove it");
        } else {
            requireFile(entry);
            files.add(entry);
        }
    }
}
