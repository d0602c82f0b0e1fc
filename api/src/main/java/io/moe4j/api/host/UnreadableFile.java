package io.moe4j.api.host;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * The error for a file of a model, or of data, that cannot be read: it is the same for all files, whichever code reads them.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class UnreadableFile {
    /** What to do about a file that this user may not read. */
    public static final String REMEDY = "see that you may read it";

    private UnreadableFile() {}

    /** The error: {@code /models/base/config.json cannot be read (permission denied); see that you may read it}. */
    public static InputException because(Path file, IOException problem) {
        return new InputException(Shown.of(file) + " cannot be read (" + Shown.of(reason(file, problem)) + "); "
                + (problem instanceof AccessDeniedException ? REMEDY
                        : "see that it is a file that you may read, on a disk that works"),
                problem);
    }

    /**
     * Refuses a file in a folder that this user may not enter. Java would report that the file does not exist.
     *
     * @throws InputException the error of {@link #because}, for the folder
     */
    public static void requireReachable(Path file) {
        try {
            Files.readAttributes(file, BasicFileAttributes.class);
        } catch (AccessDeniedException e) {
            Path folder = folder(file);
            while (!Files.isDirectory(folder) && folder.getParent() != null) {
                folder = folder.getParent();
            }
            throw Files.isDirectory(folder) && !Files.isExecutable(folder)
                    ? because(folder, new AccessDeniedException(folder.toString()))
                    : because(file, e);
        } catch (IOException e) {
            // Any other problem is found when the file is read.
        }
    }

    private static Path folder(Path file) {
        return file.getParent() == null ? Path.of(".") : file.getParent();
    }

    /** The message of the exception, without the path if it is {@code file}, which the error already names. */
    private static String reason(Path file, IOException problem) {
        return problem instanceof AccessDeniedException denied && isSame(file, denied) ? "permission denied"
                : Shown.fileProblem(problem);
    }

    private static boolean isSame(Path file, FileSystemException problem) {
        return problem.getReason() == null && file.toString().equals(problem.getFile());
    }
}
