package io.moe4j.safetensors;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.UnreadableFile;
import io.moe4j.api.InputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A file that is open for reading. It is mapped into memory: only the parts that are accessed are loaded, and the file may be larger than memory. All
 * methods may be called by several threads.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class SafetensorsFile implements AutoCloseable {
    private final Path path;
    private final Header header;
    private final MemorySegment data;
    private final Arena arena;

    private SafetensorsFile(Path path, Header header, MemorySegment data, Arena arena) {
        this.path = path;
        this.header = header;
        this.data = data;
        this.arena = arena;
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws InputException if the file cannot be read, or is no safetensors file; the message lists all problems
     */
    @SuppressWarnings("MustBeClosedChecker") // the file closes it
    public static SafetensorsFile open(Path path) {
        if (!Files.isRegularFile(path)) {
            UnreadableFile.requireReachable(path);
            throw new InputException(path + (Files.exists(path) ? " is not a file" : " does not exist")
                    + "; give the path of a .safetensors file");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            Header header = HeaderReader.read(path, all);
            return new SafetensorsFile(path, header, all.asSlice(header.end()), arena);
        } catch (IOException e) {
            arena.close();
            throw UnreadableFile.because(path, e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** The path of the file. */
    public Path path() {
        return path;
    }

    /** Bytes before the data: the length of the header, and the header itself. */
    public long headerBytes() {
        return header.end();
    }

    /** The texts of the file's metadata, by key. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** All tensors by name, in the order of their data. */
    public Map<String, TensorEntry> tensors() {
        return header.tensors();
    }

    /**
     * The data of a tensor: dense, row-major, little-endian, not aligned, so use unaligned layouts. Valid until the file is closed.
     *
     * @throws InputException if there is no such tensor
     */
    public MemorySegment data(String name) {
        TensorEntry entry = entry(name);
        return data.asSlice(entry.from(), entry.bytes());
    }

    /**
     * Type, shape and position of a tensor.
     *
     * @throws InputException if there is no such tensor
     */
    public TensorEntry entry(String name) {
        TensorEntry entry = tensors().get(name);
        if (entry == null) {
            throw new InputException(
                    path + " has no tensor \"" + Shown.of(name) + "\"; it has " + tensors().size() + " others"
                            + tensors().keySet().stream().findFirst()
                                    .map(first -> ", such as \"" + Shown.of(first) + "\"").orElse(""));
        }
        return entry;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
