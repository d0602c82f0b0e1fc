package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.safetensors.RandomAccessOutput;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Forwards all operations to another implementation. A subclass overrides some, for example to simulate a disk on which no file can be created.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public class ForwardingFileOperations implements FileOperations {
    private final FileOperations real;

    /** @param real the implementation that does the work */
    public ForwardingFileOperations(FileOperations real) {
        this.real = real;
    }

    @Override
    public RandomAccessOutput create(Path file) throws IOException {
        return real.create(file);
    }

    @Override
    public void makeFolder(Path folder) throws IOException {
        real.makeFolder(folder);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        real.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        real.delete(path);
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        real.forceFolder(folder);
    }
}
