package io.moe4j.trainer.checkpoint.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** SHA-256. Every JDK has it, and computes it with the processor's instructions where there are some. */
final class Digests {

    private Digests() {}

    static MessageDigest begin() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Ends a digest: 64 hexadecimal digits. */
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
