package io.moe4j.trainer.checkpoint.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Computes SHA-256, which every JDK has, and computes with the processor's instructions for it if there are some. */
final class Digests {

    private Digests() {}

    static MessageDigest begin() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Finishes a digest, and returns 64 hexadecimal digits. */
    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    static String of(byte[] bytes) {
        MessageDigest digest = begin();
        digest.update(bytes);
        return hex(digest);
    }

    /** One digest for all pieces of a file. */
    static String of(List<Piece> pieces) {
        MessageDigest digest = begin();
        pieces.forEach(piece -> digest
                .update((piece.bytes() + " " + piece.sha256() + "\n").getBytes(StandardCharsets.US_ASCII)));
        return hex(digest);
    }
}
