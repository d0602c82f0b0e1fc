package io.moe4j.app.terminal;

import java.nio.file.Path;

/** Paths for people. */
public final class TypedPath {

    private TypedPath() {}

    /** A path as a person types it: relative, if it lies below the folder in which the command was started. */
    public static Path of(Path path) {
        Path here = Path.of("").toAbsolutePath();
        return path.startsWith(here) ? here.relativize(path) : path;
    }
}
