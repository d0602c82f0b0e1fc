package io.moe4j.trainer.metrics;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.FreeSpace;
import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A file of JSON objects, one on each line, all with a {@code step}. A line is in the file as soon as it was added.
 *
 * <p>A disk that is full or fails does not end the run: lines wait in memory, and each added line tries again to write them. If more than {@link
 * #MOST_WAITING_BYTES} wait, the oldest are lost. Both are logged once, until writing succeeds again.
 */
final class LinesFile implements AutoCloseable {
    /** A line of {@code metrics.jsonl} has about 700 bytes, one of {@code layers.jsonl} with 61 layers of 256 experts about 60,000. */
    static final int MOST_WAITING_BYTES = 1 << 24;
    private static final Logger log = LoggerFactory.getLogger(LinesFile.class);

    private final Path path;
    private final long stepsDone;
    private final FileOperations files;
    private final LongConsumer kept;
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private @Nullable RandomAccessOutput output;
    private long waitingBytes;
    private long lostLines;
    /** The position in the file after the last line that was written completely. */
    private long end;
    private boolean failing;

    private LinesFile(Path path, long stepsDone, FileOperations files, LongConsumer kept) {
        this.path = path;
        this.stepsDone = stepsDone;
        this.files = files;
        this.kept = kept;
    }

    /**
     * Begins the file, and makes its folder if there is none.
     *
     * @param stepsDone steps made before, if the run continues an earlier one: the file keeps their lines
     * @throws InputException if that fails, as on a full disk
     */
    static LinesFile begin(Path path, long stepsDone, FileOperations files) {
        return begin(path, stepsDone, files, step -> {});
    }

    /**
     * The same.
     *
     * @param kept is told the step of each line that is kept, in their order
     */
    static LinesFile begin(Path path, long stepsDone, FileOperations files, LongConsumer kept) {
        LinesFile lines = new LinesFile(path, stepsDone, files, kept);
        try {
            lines.output();
            return lines;
        } catch (IOException e) {
            throw Unwritable.file(path, e);
        }
    }

    /** The same, but the file begins with the first line that is added. */
    static LinesFile later(Path path, long stepsDone, FileOperations files) {
        return new LinesFile(path, stepsDone, files, step -> {});
    }

    void add(Map<String, ? extends @Nullable Object> line) {
        byte[] bytes = (Shown.json(JsonMapper.shared().writeValueAsString(line)) + "\n")
                .getBytes(StandardCharsets.UTF_8);
        waiting.add(bytes);
        waitingBytes += bytes.length;
        writeWaiting();
    }

    /** Makes the added lines durable, so that they survive a power cut. */
    void force() {
        try {
            if (output != null) {
                output.force();
            }
        } catch (IOException e) {
            fails(e);
        }
    }

    private void writeWaiting() {
        try {
            RandomAccessOutput open = output();
            while (!waiting.isEmpty()) {
                write(open, waiting.getFirst());
                waitingBytes -= waiting.removeFirst().length;
            }
            if (failing) {
                failing = false;
                log.info("{} is written again{}", path, lost());
            }
        } catch (IOException e) {
            fails(e);
            while (waitingBytes > MOST_WAITING_BYTES) {
                waitingBytes -= waiting.removeFirst().length;
                if (lostLines++ == 0) {
                    log.warn("{}: its oldest lines that wait are lost from now on", path);
                }
            }
        }
    }

    private void fails(IOException e) {
        if (!failing) {
            failing = true;
            log.warn("{} cannot be written: {}. The run goes on, and its lines wait in memory until there is room",
                    path, FreeSpace.problem(path, e));
        }
    }

    private String lost() {
        return lostLines == 0 ? "" : "; " + lostLines + " of its lines are lost";
    }

    private RandomAccessOutput output() throws IOException {
        RandomAccessOutput open = output;
        if (open == null) {
            open = open();
            output = open;
        }
        return open;
    }

    private RandomAccessOutput open() throws IOException {
        Path folder = path.toAbsolutePath().resolveSibling("");
        Files.createDirectories(folder);
        // The kept lines are written to a new file first: they are never in memory only.
        Path kept = path.resolveSibling(path.getFileName() + ".part");
        Files.deleteIfExists(kept);
        end = 0;
        RandomAccessOutput open = files.create(kept);
        try {
            if (stepsDone > 0 && Files.isRegularFile(path)) {
                keep(open);
            }
            open.force();
            Files.move(kept, path, StandardCopyOption.REPLACE_EXISTING);
            files.forceFolder(folder);
            return open;
        } catch (IOException | RuntimeException e) {
            closeAfter(open, e);
            removeAfter(kept, e);
            throw e;
        }
    }

    private static void closeAfter(RandomAccessOutput open, Exception failure) {
        try {
            open.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static void removeAfter(Path part, Exception failure) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private void keep(RandomAccessOutput open) throws IOException {
        // ISO 8859-1 maps each byte to one character: a line that a power cut has damaged is left out, and the others are kept unchanged.
        try (Stream<String> lines = Files.lines(path, StandardCharsets.ISO_8859_1)) {
            for (String line : (Iterable<String>) lines::iterator) {
                long step = stepOf(line);
                if (step <= stepsDone) {
                    write(open, (line + "\n").getBytes(StandardCharsets.ISO_8859_1));
                    kept.accept(step);
                }
            }
        }
    }

    /** Writes a line after the last complete one. If the disk becomes full within a line, the next attempt overwrites the part that was written. */
    private void write(RandomAccessOutput open, byte[] line) throws IOException {
        open.write(ByteBuffer.wrap(line), end);
        end += line.length;
    }

    /** The step of a line; empty for a line that was not written in full. */
    private static long stepOf(String line) {
        try {
            return JsonMapper.shared().readTree(line).path("step").asLong(Long.MAX_VALUE);
        } catch (JacksonException e) {
            return Long.MAX_VALUE;
        }
    }

    @Override
    public void close() {
        if (!waiting.isEmpty()) {
            writeWaiting();
        }
        if (!waiting.isEmpty()) {
            log.warn("{}: its last {} lines could not be written{}", path, waiting.size(), lost());
        }
        try {
            if (output != null) {
                output.close();
            }
        } catch (IOException e) {
            fails(e);
        }
    }
}
