package io.moe4j.trainer.metrics;

import io.moe4j.api.Shown;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** A file of JSON objects, one on each line, all with a {@code step}. A line is in the file as soon as it was added. */
final class LinesFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;

    /**
     * Begins the file, and makes its folder if there is none.
     *
     * @param stepsDone steps made before, if the run continues an earlier one: the file keeps their lines
     */
    LinesFile(Path path, long stepsDone) {
        this.path = path;
        try {
            Path folder = path.toAbsolutePath().resolveSibling("");
            Files.createDirectories(folder);
            // The kept lines are written to a new file first: they are never in memory only.
            Path kept = path.resolveSibling(path.getFileName() + ".part");
            Files.deleteIfExists(kept);
            channel = FileChannel.open(kept, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
            if (stepsDone > 0 && Files.isRegularFile(path)) {
                keep(stepsDone);
            }
            channel.force(true);
            Files.move(kept, path, StandardCopyOption.REPLACE_EXISTING);
            FileOperations.disk().forceFolder(folder);
        } catch (IOException e) {
            throw cannotBeWritten(e);
        }
    }

    private void keep(long stepsDone) throws IOException {
        try (Stream<String> lines = Files.lines(path)) {
            for (String line : (Iterable<String>) lines.filter(each -> stepOf(each) <= stepsDone)::iterator) {
                write(line + "\n");
            }
        }
    }

    void add(Map<String, ? extends @Nullable Object> line) {
        try {
            write(Shown.json(JsonMapper.shared().writeValueAsString(line)) + "\n");
        } catch (IOException e) {
            throw cannotBeWritten(e);
        }
    }

    /** Makes the added lines durable, so that they survive a power cut. */
    void force() {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw cannotBeWritten(e);
        }
    }

    private void write(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The step of a line; empty for a line that was not written in full. */
    private static long stepOf(String line) {
        try {
            return JsonMapper.shared().readTree(line).path("step").asLong(Long.MAX_VALUE);
        } catch (JacksonException e) {
            return Long.MAX_VALUE;
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
}
