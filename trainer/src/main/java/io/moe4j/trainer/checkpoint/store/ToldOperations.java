package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Shown;
import io.moe4j.safetensors.RandomAccessOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * File operations whose failures name the file and the remedy. The operating system only says "No space left on device" or "Input/output error".
 *
 * @param real the operations that do the work
 */
record ToldOperations(FileOperations real) implements FileOperations {

    @Override
    public RandomAccessOutput create(Path file) throws IOException {
        RandomAccessOutput output;
        try {
            output = real.create(file);
        } catch (IOException e) {
            throw told(file + " cannot be created", e);
        }
        return new RandomAccessOutput() {
            @Override
            public void write(ByteBuffer bytes, long position) throws IOException {
                try {
                    output.write(bytes, position);
                } catch (IOException e) {
                    throw told(file + " cannot be written at byte " + position, e);
                }
            }

            @Override
            public void force() throws IOException {
                try {
                    output.force();
                } catch (IOException e) {
                    throw told(file + " cannot be forced to the disk", e);
                }
            }

            @Override
            public void close() throws IOException {
                try {
                    output.close();
                } catch (IOException e) {
                    throw told(file + " cannot be closed", e);
                }
            }
        };
    }

    @Override
    public void makeFolder(Path folder) throws IOException {
        try {
            real.makeFolder(folder);
        } catch (IOException e) {
            throw told("the folder " + folder + " cannot be made", e);
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        try {
            real.rename(from, to);
        } catch (IOException e) {
            throw told(from + " cannot be renamed to " + to, e);
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        try {
            real.delete(path);
        } catch (IOException e) {
            throw told(path + " cannot be removed", e);
        }
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        try {
            real.forceFolder(folder);
        } catch (IOException e) {
            throw told("the folder " + folder + " cannot be forced to the disk", e);
        }
    }

    private static IOException told(String what, IOException cause) {
        String reason = cause instanceof FileSystemException failed && failed.getReason() != null ? failed.getReason()
                : Shown.fileProblem(cause);
        return new IOException(what + ": " + reason + ". Look at the free space, the quota and the permissions there."
                + " Checkpoints that were saved before are as they were", cause);
    }
}
