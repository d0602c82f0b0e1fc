package io.moe4j.runtime.cpu.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a file system has room for. */
interface Room {

    /** Bytes that the file system has, and those of them that are free. */
    record Size(long total, long free) {}

    /** How large it is now. */
    Size size() throws IOException;

    /**
     * Fills an empty file with zeros, so that its pages are there before it is mapped. A mapped page for which there is no room kills the process
     * with SIGBUS; a write for which there is none fails.
     */
    void reserve(FileChannel file, long bytes) throws IOException;

    /** That of the file system of {@code folder}. */
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
