package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A part of a corpus, identified by its content: processes on several hosts check with it that they read the same data even if paths differ, and a continued
 * run checks that its data has not changed.
 *
 * @param name a path, for people
 * @param bytes its size in bytes
 * @param digest SHA-256 in hexadecimal digits: of all bytes or, for a large corpus, of its beginning, its end, and pieces between them
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record CorpusPart(String name, long bytes, String digest) {
    /** A corpus of at most this many bytes is read completely. */
    private static final long WHOLE_BYTES = 1L << 26;
    /** Of a larger corpus, about this many bytes are sampled in total. */
    private static final long SAMPLED_BYTES = 1L << 26;
    private static final int MOST_PIECE_BYTES = 1 << 16;
    private static final int LEAST_PIECE_BYTES = 1 << 12;

    /**
     * The parts of a corpus, in the order in which they are listed.
     *
     * @throws InputException if a part cannot be read
     */
    public static List<CorpusPart> of(Corpus corpus) {
        List<CorpusFile> sources = corpus.files();
        boolean whole = sources.stream().mapToLong(source -> file(source).map(CorpusPart::size).orElse(0L))
                .sum() <= WHOLE_BYTES;
        long each = SAMPLED_BYTES / sources.size();
        int pieceBytes = Math.toIntExact(Math.clamp(each / 2, LEAST_PIECE_BYTES, MOST_PIECE_BYTES));
        int pieces = Math.toIntExact(Math.max(2, each / pieceBytes));
        List<CorpusPart> parts = new ArrayList<>();
        for (CorpusFile source : sources) {
            Optional<Path> file = whole ? Optional.empty() : file(source);
            try {
                parts.add(file.isPresent() ? sampled(file.get(), pieces, pieceBytes) : whole(source));
            } catch (IOException e) {
                throw new InputException(source.name() + " cannot be read (" + Shown.fileProblem(e)
                        + "); check that it exists and that this user may read it", e);
            }
        }
        return parts;
    }

    private static CorpusPart whole(CorpusFile source) throws IOException {
        MessageDigest digest = Sha256.begin();
        long bytes = 0;
        try (InputStream in = source.content().open()) {
            byte[] buffer = new byte[MOST_PIECE_BYTES];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                bytes += read;
            }
        }
        return new CorpusPart(source.name(), bytes, Sha256.hex(digest));
    }

    /** Reads pieces at equal distances: of 3 pieces, the first is at the start of the file, one in the middle, and the last at its end. */
    private static CorpusPart sampled(Path file, int pieces, int pieceBytes) throws IOException {
        MessageDigest digest = Sha256.begin();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            long last = Math.max(0, size - pieceBytes);
            ByteBuffer buffer = ByteBuffer.allocate(pieceBytes);
            for (int i = 0; i < pieces && i <= last; i++) {
                buffer.clear();
                long at = Math.round((double) last * i / (pieces - 1));
                while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) >= 0) {
                    // Until the piece is full, or the file ends.
                }
                digest.update(buffer.flip());
            }
            return new CorpusPart(file.toString(), size, Sha256.hex(digest));
        }
    }

    private static Optional<Path> file(CorpusFile source) {
        try {
            return Optional.of(Path.of(source.name())).filter(Files::isRegularFile);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new InputException(
                    file + " cannot be examined (" + Shown.fileProblem(e) + "); allow this user to read it",
                    e);
        }
    }
}
