package io.moe4j.api.host;

import io.moe4j.api.Stability;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file atomically: after a kill, a power cut or on a full disk, the earlier file or the new one is complete, and never only a part of it exists.
 *
 * <p>The new content is written to {@code NAME.part} in the same folder, which is forced to the disk and then renamed to the file; then the folder's names are
 * forced too, if the file system can do that. So once {@link #write} has returned, the new content survives a power cut. Only one process at a time may
 * write a file.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class WholeFile {
    private static final String PART = ".part";

    private WholeFile() {}

    /** Writes content. */
    @FunctionalInterface
    public interface Content {
        /** Writes all of it. The stream need not be closed, and a close does no harm. */
        void writeTo(OutputStream to) throws IOException;
    }

    /** Writes a text in UTF-8; an earlier file is replaced. */
    public static void write(Path file, String text) throws IOException {
        write(file, to -> to.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Writes a file; an earlier one is replaced. Its folder must exist.
     *
     * @throws IOException if that fails; the earlier file is unchanged, and {@code NAME.part} is removed
     */
    public static void write(Path file, Content content) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + PART);
        try {
            try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING);
                    OutputStream out = new Kept(channel)) {
                content.writeTo(out);
                out.flush();
                channel.force(true);
            }
            replace(part, file);
        } catch (IOException | RuntimeException e) {
            removeAfter(e, part);
            throw e;
        }
        forceNames(file.toAbsolutePath().resolveSibling(""));
    }

    /** Replaces the file. If the file system has no atomic renaming, it is replaced without it. */
    private static void replace(Path part, Path file) throws IOException {
        try {
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void removeAfter(Exception failure, Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Forces the names in a folder to the disk. Not every system can do this; otherwise the journal of the file system preserves names. */
    public static void forceNames(Path folder) {
        try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
            names.force(true);
        } catch (IOException e) {
            // Windows cannot open folders.
        }
    }

    /** A stream that leaves the channel open when it is closed, so that its bytes can be forced afterwards. */
    private static final class Kept extends BufferedOutputStream {
        Kept(FileChannel channel) {
            super(Channels.newOutputStream(channel), 1 << 16);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
