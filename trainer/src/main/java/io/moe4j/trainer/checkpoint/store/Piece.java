package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.host.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

/**
 * Consecutive bytes of a file that have one digest.
 *
 * @param bytes number of bytes, at least 1; they follow the bytes of the previous piece
 * @param sha256 their SHA-256, as 64 hexadecimal digits
 */
record Piece(long bytes, String sha256) {

    /** One digest for all pieces of a file: the SHA-256 of their list, as 64 hexadecimal digits. */
    static String digest(List<Piece> pieces) {
        MessageDigest digest = Sha256.begin();
        pieces.forEach(piece -> digest
                .update((piece.bytes() + " " + piece.sha256() + "\n").getBytes(StandardCharsets.US_ASCII)));
        return Sha256.hex(digest);
    }
}
