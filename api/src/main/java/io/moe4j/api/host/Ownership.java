package io.moe4j.api.host;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which users can change a file. No other user may be able to write code that is loaded, or memory that processes share.
 *
 * <p>Root and the user of this process are trusted. A user namespace shows users whom it does not know as 65534 ({@code nobody}). Parent folders of such users
 * are trusted, because {@code /} belongs to one of them there. If the file system has no POSIX owners, everything is trusted.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Ownership {
    private static final int GROUP_WRITES = 0020;
    private static final int OTHERS_WRITE = 0002;
    private static final int STICKY = 01000;
    private static final int UNMAPPED = 65534;

    private final int user;

    private Ownership(int user) {
        this.user = user;
    }

    /** As seen by the user of this process. */
    public static Ownership ofThisProcess() {
        return new Ownership(effectiveUser());
    }

    /** As seen by user {@code user}. */
    public static Ownership of(int user) {
        return new Ownership(user);
    }

    /** The number of the user of this process; -1 if users have no numbers on this system. */
    public int user() {
        return user;
    }

    /**
     * Why any user of this machine can change the file at {@code path}: all users may write the file, or a folder above it that has no sticky bit.
     * Links are followed. Absent if none can.
     *
     * @throws IOException if the file's attributes cannot be read
     */
    public Optional<String> writableByAll(Path path) throws IOException {
        Path real = path.toRealPath();
        for (@Nullable Path at = real; at != null; at = at.getParent()) {
            int mode = attribute(at, "mode");
            boolean guarded = !at.equals(real) && (mode & STICKY) != 0;
            if ((mode & OTHERS_WRITE) != 0 && !guarded) {
                return Optional.of(at + " can be written by all users (mode " + octal(mode) + ")");
            }
        }
        return Optional.empty();
    }

    /**
     * Why another user can change the file at {@code path}: {@link #writableByAll}; or the file or a folder above it belongs to a user other than
     * root and this one; or the group may write the file itself. Absent if none can.
     *
     * @throws IOException if the file's attributes cannot be read
     */
    public Optional<String> writableByAnother(Path path) throws IOException {
        Optional<String> byAll = writableByAll(path);
        if (byAll.isPresent() || !hasUsers()) {
            return byAll;
        }
        Path real = path.toRealPath();
        for (@Nullable Path at = real; at != null; at = at.getParent()) {
            int owner = attribute(at, "uid");
            if (owner != user && owner != 0 && (owner != UNMAPPED || at.equals(real))) {
                return Optional.of(at + " belongs to user " + owner + ", and this process runs as user " + user);
            }
        }
        int mode = attribute(real, "mode");
        return (mode & GROUP_WRITES) == 0 ? Optional.empty()
                : Optional.of(real + " can be written by its group (mode " + octal(mode) + ")");
    }

    /**
     * Why {@code file} is not private to this user: it is a link or not an ordinary file, has another owner or a second name, or others have rights
     * to it. Absent if it is private.
     *
     * @throws IOException if the file's attributes cannot be read
     */
    public Optional<String> notPrivate(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.of("it is no ordinary file");
        }
        if (!hasUsers()) {
            return Optional.empty();
        }
        int owner = (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
        int names = (int) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
        if (owner != user) {
            return Optional.of("it belongs to user " + owner + ", and this process runs as user " + user);
        }
        if (mode != 0600) {
            return Optional.of("its mode is " + octal(mode) + " and should be 600");
        }
        return names == 1 ? Optional.empty() : Optional.of("it has " + names + " names and should have one");
    }

    private boolean hasUsers() {
        return user >= 0;
    }

    private int attribute(Path path, String name) throws IOException {
        return hasUsers() ? (int) Files.getAttribute(path, "unix:" + name) : 0;
    }

    private static String octal(int mode) {
        return Integer.toOctalString(mode & 07777);
    }

    /** The effective user. On Linux it owns the process's own folder; elsewhere it is the owner of a new file. */
    private static int effectiveUser() {
        Set<String> views = FileSystems.getDefault().supportedFileAttributeViews();
        if (!views.contains("unix")) {
            return -1;
        }
        Path self = Path.of("/proc/self");
        try {
            if (Files.exists(self)) {
                return (int) Files.getAttribute(self, "unix:uid");
            }
            Path file = Files.createTempFile("owner", null);
            try {
                return (int) Files.getAttribute(file, "unix:uid");
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the user of this process cannot be determined", e);
        }
    }
}
