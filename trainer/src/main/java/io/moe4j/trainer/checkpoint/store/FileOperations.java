package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.safetensors.RandomAccessOutput;
import java.io.IOException;
import java.nio.file.Path;

/**
 * All operations that change the disk while a checkpoint is saved or removed. Nothing else in this package writes, so that a test can record each
 * operation, let it fail, or simulate a power cut after it.
 *
 * <p>An operation is durable (it survives a power cut) only after the matching force: {@link RandomAccessOutput#force()} for the bytes of a file,
 * {@link #forceFolder} for the names in a folder.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface FileOperations {

    /** The operations of the default file system. */
    static FileOperations disk() {
        return new DiskOperations();
    }

    /** Creates a file that does not exist yet. */
    RandomAccessOutput create(Path file) throws IOException;

    /** Creates a folder that does not exist yet, in one that exists. */
    void makeFolder(Path folder) throws IOException;

    /** Renames a file or folder atomically; {@code to} must not exist. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty folder. */
    void delete(Path path) throws IOException;

    /** Makes the names in a folder durable. */
    void forceFolder(Path folder) throws IOException;
}
