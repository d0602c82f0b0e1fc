package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.host.Sha256;
import io.moe4j.safetensors.RandomAccessOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Computes digests while a file is written, so that it need not be read again. Several threads write, each its own parts from front to back; a digest covers
 * consecutive bytes of one thread. Example: one thread writes bytes 0 to 10 and 10 to 30, another 50 to 60 and then 30 to 50. The file has three pieces: of
 * 30, 20 and 10 bytes.
 */
final class DigestedOutput implements RandomAccessOutput {
    private final String name;
    private final RandomAccessOutput file;
    /** Pieces that can be continued, by the position at which they end. */
    private final Map<Long, Run> runs = new HashMap<>();

    private record Run(long from, MessageDigest digest) {}

    DigestedOutput(String name, RandomAccessOutput file) {
        this.name = name;
        this.file = file;
    }

    @Override
    public void write(ByteBuffer bytes, long position) throws IOException {
        if (!bytes.hasRemaining()) {
            return;
        }
        long end = position + bytes.remaining();
        // Removed from the map while this thread continues the piece, so that no other thread continues it too.
        Run run = take(position);
        run.digest.update(bytes.duplicate());
        file.write(bytes, position);
        give(end, run);
    }

    @Override
    public void force() throws IOException {
        file.force();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /**
     * Finishes the digests, and returns all pieces in the order of the file. Called once, after the last write.
     *
     * @throws IllegalStateException if bytes were written twice, or not at all
     */
    synchronized List<Piece> pieces() {
        Map<Long, Piece> byStart = new TreeMap<>();
        runs.forEach((end, run) -> {
            if (byStart.put(run.from, new Piece(end - run.from, Sha256.hex(run.digest))) != null) {
                throw new IllegalStateException(name + ": bytes from " + run.from + " were written twice");
            }
        });
        long at = 0;
        for (Map.Entry<Long, Piece> piece : byStart.entrySet()) {
            if (piece.getKey() != at) {
                throw new IllegalStateException(name + ": bytes " + Math.min(at, piece.getKey()) + " to "
                        + Math.max(at, piece.getKey()) + " were written twice, or not at all");
            }
            at += piece.getValue().bytes();
        }
        runs.clear();
        return new ArrayList<>(byStart.values());
    }

    private synchronized Run take(long position) {
        Run run = runs.remove(position);
        return run != null ? run : new Run(position, Sha256.begin());
    }

    private synchronized void give(long end, Run run) {
        if (runs.put(end, run) != null) {
            throw new IllegalStateException(name + ": bytes before " + end + " were written twice");
        }
    }
}
