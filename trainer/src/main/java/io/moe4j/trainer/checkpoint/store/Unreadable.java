package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** A file of a checkpoint that cannot be read. It is damaged, unless it is only this user who may not read it: then nobody knows. */
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
                    + "), so that nobody knows whether this checkpoint is whole; allow this user to read it", problem);
        }
        return new DamageException(what + " cannot be read (" + problem + ")");
    }

    /** Refuses a file in a folder that this user may not enter, which Java would say does not exist. */
    static void requireEntry(Path file) {
        try {
            Files.readAttributes(file, BasicFileAttributes.class);
        } catch (AccessDeniedException e) {
            throw damage(String.valueOf(file.getFileName()), e);
        } catch (IOException e) {
            // What else is wrong is found when the file is looked at.
        }
    }
}
