package io.moe4j.launch;

import io.moe4j.api.host.Ownership;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** Files with secrets: only their owner may read them. */
final class SecretFile {
    private static final int SECRET_BYTES = 32;
    private static final int MOST_BYTES = 4096;
    private static final int RIGHTS_OF_OTHERS = 0077;

    private SecretFile() {}

    /**
     * The text of a secret file.
     *
     * @throws LaunchException if others can read or write it
     */
    static String read(Path file) throws IOException {
        requirePrivate(file);
        if (Files.size(file) > MOST_BYTES) {
            throw new IOException("it has " + Files.size(file) + " bytes, and a secret at most " + MOST_BYTES);
        }
        return Files.readString(file).strip();
    }

    /**
     * The text of the user's own secret file. If there is none, it is created: first under another name, so that no process ever reads half of it,
     * even if several processes start at the same time, on one host or on several that share the folder.
     */
    static String readOrMake(Path file) throws IOException {
        try {
            return read(file);
        } catch (NoSuchFileException e) {
            make(file);
            return read(file);
        }
    }

    private static void make(Path file) throws IOException {
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file is in a folder");
        Files.createDirectories(folder, mode(folder, "rwx------"));
        byte[] secret = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(secret);
        Path part = Files.createTempFile(folder, "secret-", ".part", mode(folder, "rw-------"));
        try {
            Files.writeString(part, HexFormat.of().formatHex(secret) + "\n", StandardCharsets.US_ASCII);
            publish(part, file);
        } catch (FileAlreadyExistsException e) {
            // Another process was faster, and its secret is used.
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Gives the finished file its name, unless that name is taken. */
    private static void publish(Path part, Path file) throws IOException {
        try {
            Files.createLink(file, part);
        } catch (UnsupportedOperationException e) {
            Files.move(part, file);
        }
    }

    private static FileAttribute<?>[] mode(Path folder, String mode) {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode))}
                : new FileAttribute<?>[0];
    }

    private static void requirePrivate(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new NoSuchFileException(file.toString(), null, "there is no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new IOException("it is no ordinary file");
        }
        if (!file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return;
        }
        int mode = (int) Files.getAttribute(file, "unix:mode") & 07777;
        int owner = (int) Files.getAttribute(file, "unix:uid");
        int user = Ownership.ofThisProcess().user();
        if (owner != user || (mode & RIGHTS_OF_OTHERS) != 0) {
            throw new LaunchException(List.of("the secret in " + file + " is not safe: the file belongs to user "
                    + owner + " and has mode " + Integer.toOctalString(mode) + ", and this process runs as user " + user
                    + ". Only its user may read it: chmod 600 " + file + ", as its owner; make a new secret if others"
                    + " may have read it"));
        }
    }
}
