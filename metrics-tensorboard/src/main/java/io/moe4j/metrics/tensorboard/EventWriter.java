package io.moe4j.metrics.tensorboard;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/**
 * Writes one event file, which TensorBoard shows as curves. Each write goes to the file at once. Used by one thread.
 *
 * <pre>{@code
 * try (EventWriter events = EventWriter.open(folder, Instant.now(), 0)) {
 *     events.step(1, Instant.now()).scalar("train/loss", 7.25).scalar("train/lr", 1e-3).write();
 * }
 * }</pre>
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class EventWriter implements AutoCloseable {
    private static final String VERSION = "brain.Event:2";
    private static final int MOST_IN_A_SECOND = 1000;

    private final Path path;
    private final FileChannel channel;

    private EventWriter(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Begins a new file in a folder, which is created if it does not exist, and may have earlier files of the same run.
     *
     * @param now part of the file's name, by which TensorBoard orders the files of a folder
     * @param stepsDone steps that were made before; TensorBoard then discards later steps of earlier files
     */
    public static EventWriter open(Path folder, Instant now, long stepsDone) {
        try {
            Files.createDirectories(folder);
            EventWriter writer = create(folder, now);
            writer.write(EventMessage.of(now, 0).version(VERSION));
            if (stepsDone > 0) {
                writer.write(EventMessage.of(now, stepsDone + 1).sessionStart());
            }
            return writer;
        } catch (IOException e) {
            throw new UncheckedIOException("an event file cannot be written to " + folder, e);
        }
    }

    private static EventWriter create(Path folder, Instant now) throws IOException {
        for (int i = 0; i < MOST_IN_A_SECOND; i++) {
            Path path = folder.resolve("events.out.tfevents." + now.getEpochSecond() + ".moe4j." + i);
            try {
                return new EventWriter(path,
                        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
            } catch (FileAlreadyExistsException e) {
                // Another file was begun in this second: try the next name.
            }
        }
        throw new IOException("more than " + MOST_IN_A_SECOND + " files begin in the same second");
    }

    /** Begins the values of a step; nothing is written before {@link Step#write}. */
    public Step step(long step, Instant time) {
        return new Step(EventMessage.of(time, step));
    }

    /** The path of the file. */
    public Path path() {
        return path;
    }

    /** Makes what was written durable: it survives a power cut. */
    public void force() {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw cannotBeWritten(e);
        }
    }

    /** Writes a record. A reader stops at an incomplete record, so one that cannot be written completely is removed again. */
    private void write(EventMessage event) throws IOException {
        long begin = channel.position();
        try {
            TfRecord.write(event.bytes(), channel);
        } catch (IOException e) {
            shorten(begin, e);
            throw e;
        }
    }

    private void shorten(long size, IOException failure) {
        try {
            channel.truncate(size);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private UncheckedIOException cannotBeWritten(IOException e) {
        return new UncheckedIOException(path + " cannot be written", e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw cannotBeWritten(e);
        }
    }

    /**
     * The values of one step.
     *
     * @since 0.3.0
     */
    public final class Step {
        private final EventMessage event;

        private Step(EventMessage event) {
            this.event = event;
        }

        /**
         * Adds a value. It is stored in single precision.
         *
         * @param tag name of the curve; TensorBoard groups curves by what precedes the first slash, as in {@code train/loss}
         */
        public Step scalar(String tag, double value) {
            event.scalar(tag, (float) value);
            return this;
        }

        /**
         * Writes the step.
         *
         * @throws UncheckedIOException if the disk is full or fails; the file is then unchanged, and the next step can be written
         */
        public void write() {
            try {
                EventWriter.this.write(event);
            } catch (IOException e) {
                throw cannotBeWritten(e);
            }
        }
    }
}
