package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** A file of a checkpoint that cannot be read. It counts as damaged, unless this user lacks the permission to read it: then it cannot be checked. */
final class Unreadable {

    private Unreadable() {}

    /**
     * The damage that an exception means.
     *
     * @param what the file, or a part of it
     * @throws InputException if this user may not read the file
     */
    static DamageException damage(String what, IOException problem) {
        if (problem instanceof AccessDeniedException) {
            throw new InputException(what + " cannot be read (" + Shown.fileProblem(problem)
                    + "), so it cannot be checked whether this checkpoint is whole; allow this user to read it",
                    problem);
        }
        return new DamageException(what + " cannot be read (" + problem + ")");
    }

    /** Refuses a file in a folder that this user may not enter; Java would report that the file does not exist. */
    static void requireEntry(Path file) {
        try {
            Files.readAttributes(file, BasicFileAttributes.class);
        } catch (AccessDeniedException e) {
            throw damage(String.valueOf(file.getFileName()), e);
        } catch (IOException e) {
            // Other problems are found when the file is read.
        }
    }
}
