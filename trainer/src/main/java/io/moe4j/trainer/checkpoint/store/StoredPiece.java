package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.InputException;
import io.moe4j.api.host.Sha256;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A piece of a checkpoint's file: consecutive bytes that have one digest.
 *
 * @param path the file
 * @param file the manifest's entry for it
 * @param from index of the piece's first byte in the file
 * @param piece the number of bytes, and their expected digest
 */
record StoredPiece(Path path, StoredFile file, long from, Piece piece) {
    private static final int BLOCK = 1 << 20;

    /** A description of what is wrong with the bytes; empty if nothing is. */
    Optional<String> damage() {
        String where = file.name() + ": bytes " + from + " to " + (from + piece.bytes());
        try {
            String found = digest();
            return found.equals(piece.sha256()) ? Optional.empty()
                    : Optional.of(where + tensor() + ": the SHA-256 " + piece.sha256() + " was expected, and " + found
                            + " found" + claim());
        } catch (IOException e) {
            return Optional.of(String.valueOf(Unreadable.damage(where, e).getMessage()));
        }
    }

    private String digest() throws IOException {
        MessageDigest digest = Sha256.begin();
        // The file is read, not memory-mapped, so that a failing disk causes an exception here and does not crash the JVM.
        try (FileChannel channel = FileChannel.open(path)) {
            ByteBuffer block = ByteBuffer.allocate((int) Math.min(BLOCK, piece.bytes()));
            for (long at = from; at < from + piece.bytes();) {
                block.clear().limit((int) Math.min(block.capacity(), from + piece.bytes() - at));
                int read = channel.read(block, at);
                if (read < 0) {
                    throw new IOException("the file ends at byte " + at);
                }
                digest.update(block.flip());
                at += read;
            }
        }
        return Sha256.hex(digest);
    }

    /** The tensors to which these bytes belong. */
    private String tensor() {
        try (SafetensorsFile opened = SafetensorsFile.open(path)) {
            long header = opened.headerBytes();
            String names = opened.tensors().values().stream()
                    .filter(entry -> header + entry.from() < from + piece.bytes() && from < header + entry.to())
                    .map(TensorEntry::name).limit(3).collect(Collectors.joining(", "));
            return names.isEmpty() ? "" : " (" + names + ")";
        } catch (InputException e) {
            return "";
        }
    }

    /** How the file's own header differs from what was expected. */
    private String claim() {
        try (SafetensorsFile opened = SafetensorsFile.open(path)) {
            Map<String, String> claimed = opened.metadata();
            Map<String, String> expected = metadata(file.role(), file.step(), file.ranks());
            return claimed.equals(expected) || !claimed.containsKey("role") ? ""
                    : "; the file says that it is " + claimed + ", and " + expected + " was expected";
        } catch (InputException e) {
            return "";
        }
    }

    /** The metadata in the header of a file of tensors, in an order that is the same in each JVM, so that two runs with equal values write equal files. */
    static Map<String, String> metadata(Role role, long step, List<Integer> ranks) {
        return new TreeMap<>(Map.of("role", role.text(), "step", String.valueOf(step), "ranks", ranks.toString()));
    }
}
