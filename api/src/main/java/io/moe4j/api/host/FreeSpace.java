package io.moe4j.api.host;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The free space of a disk, for messages about files that could not be written. The operating system only says "No space left on device".
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class FreeSpace {

    private FreeSpace() {}

    /**
     * The bytes that this process can still write at the place of a file or folder; empty if the file system does not report them. Quotas of the user are not
     * considered.
     *
     * @param place a file or folder, which need not exist: the nearest existing folder above it is used
     */
    public static OptionalLong at(Path place) {
        for (@Nullable Path folder = place.toAbsolutePath().normalize(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder)) {
                try {
                    return OptionalLong.of(Files.getFileStore(folder).getUsableSpace());
                } catch (IOException e) {
                    return OptionalLong.empty();
                }
            }
        }
        return OptionalLong.empty();
    }

    /**
     * Why a file could not be written, and the free space: {@code No space left on device; 312 KiB are free there}. If the kind of the problem shows that
     * space is not the reason, as with {@code permission denied: /data/a}, the free space is left out.
     *
     * @param place the file or its folder
     */
    public static String problem(Path place, Exception problem) {
        Exception cause = problem instanceof UncheckedIOException wrapped ? wrapped.getCause() : problem;
        OptionalLong free = cause instanceof FileSystemException kind && kind.getReason() == null
                ? OptionalLong.empty() : at(place);
        return Shown.fileProblem(problem)
                + (free.isEmpty() ? "" : "; " + Shown.bytes(free.getAsLong()) + " are free there");
    }
}
