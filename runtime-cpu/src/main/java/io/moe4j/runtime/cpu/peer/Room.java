package io.moe4j.runtime.cpu.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much room a file system has. */
interface Room {

    /** All bytes of the file system, and the free ones among them. */
    record Size(long total, long free) {}

    /** The size of the file system now. */
    Size size() throws IOException;

    /**
     * Fills an empty file with zeros, so that its pages exist before it is mapped. Without room, a mapped page would kill the process with SIGBUS,
     * whereas a write only fails.
     */
    void reserve(FileChannel file, long bytes) throws IOException;

    /** The room of the file system of {@code folder}. */
    static Room of(Path folder) {
        return new Room() {
            @Override
            public Size size() throws IOException {
                FileStore store = Files.getFileStore(folder);
                return new Size(store.getTotalSpace(), store.getUsableSpace());
            }

            @Override
            public void reserve(FileChannel file, long bytes) throws IOException {
                ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(bytes, 1 << 20));
                for (long at = 0; at < bytes;) {
                    zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                    at += file.write(zeros, at);
                }
            }
        };
    }
}
