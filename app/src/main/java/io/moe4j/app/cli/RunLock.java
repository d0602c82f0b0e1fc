package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lock on a run's folder: the operating system's lock on its file {@code run.lock}, which ends with the process, however that ends. The file is never
 * removed: a run that had just opened a removed file would hold a lock that no later run sees.
 */
final class RunLock implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RunLock.class);
    static final String FILE = "run.lock";

    private final FileChannel channel;

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock.
     *
     * @throws InputException if another run holds it
     */
    static RunLock take(Path folder) {
        Path file = folder.resolve(FILE);
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (!lock(channel, file)) {
                    throw new InputException(folder + " is in use by a run that has not ended (" + holder(file)
                            + "): two runs do not share a folder. Give another --output, or end that run first");
                }
                return new RunLock(channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new InputException("the run's folder " + folder + " cannot be written (" + Shown.fileProblem(e)
                    + "); give an --output in a folder that you may write", e);
        }
    }

    /** Whether this run may go on: it has the lock, or the file system has no locks, which is logged as a warning. */
    private static boolean lock(FileChannel channel, Path file) throws IOException {
        @Nullable FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (IOException e) {
            log.warn("{} cannot be locked ({}); make sure that no other run writes to its folder", file,
                    e.getMessage());
            return true;
        }
        if (lock == null) {
            return false;
        }
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(me().getBytes(StandardCharsets.UTF_8)), 0);
        return true;
    }

    private static String me() {
        String host = System.getenv().getOrDefault("HOSTNAME", "");
        return "process " + ProcessHandle.current().pid() + (host.isEmpty() ? "" : " on " + host);
    }

    private static String holder(Path file) {
        try {
            String holder = Files.readString(file).strip();
            return holder.isEmpty() ? "its process is not known" : holder;
        } catch (IOException e) {
            return "its process is not known";
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("the lock of a run's folder cannot be released", e);
        }
    }
}
