package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;

/** A file. It must not change after it was listed: otherwise two passes, or two ranks, would read different data. */
final class FileContent implements Content {
    private final Path path;
    private final long bytes;
    private final FileTime changed;

    private FileContent(Path path, long bytes, FileTime changed) {
        this.path = path;
        this.bytes = bytes;
        this.changed = changed;
    }

    static FileContent of(Path path) {
        if (!Files.isReadable(path)) {
            throw new InputException(path + " cannot be read; allow this user to read it, or remove it from the data");
        }
        try {
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            return new FileContent(path, now.size(), now.lastModifiedTime());
        } catch (IOException e) {
            throw new InputException(path + " cannot be examined; allow this user to read it", e);
        }
    }

    @Override
    public InputStream open() throws IOException {
        return open(0);
    }

    @Override
    @SuppressWarnings("MustBeClosedChecker") // the caller closes it
    public InputStream open(long from) throws IOException {
        requireUnchanged();
        SeekableByteChannel channel = Files.newByteChannel(path);
        try {
            return Channels.newInputStream(channel.position(from));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Its size when it was listed. */
    long bytes() {
        return bytes;
    }

    /** Its modification time when it was listed, in milliseconds since 1970. */
    long changedMillis() {
        return changed.toMillis();
    }

    @Override
    public Optional<Path> file() {
        return Optional.of(path);
    }

    /** Throws if the file's size or modification time has changed since it was listed. */
    private void requireUnchanged() throws IOException {
        BasicFileAttributes now;
        try {
            now = Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            throw new InputException(path + " is gone since the data was listed; data must not change during a run",
                    e);
        }
        if (now.size() != bytes || !now.lastModifiedTime().equals(changed)) {
            throw new InputException(path + " has changed since the data was listed: it had " + bytes + " bytes of "
                    + changed + ", and has " + now.size() + " of " + now.lastModifiedTime()
                    + "; data must not change during a run");
        }
    }
}
