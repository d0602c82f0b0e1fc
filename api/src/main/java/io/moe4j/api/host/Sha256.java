package io.moe4j.api.host;

import io.moe4j.api.Stability;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256, which every Java platform has. It is computed with the processor's instructions for it, if there are any.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Sha256 {

    private Sha256() {}

    /** A new digest, of no bytes yet. For use by one thread. */
    public static MessageDigest begin() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256, and the Java platform requires it;"
                    + " use a complete runtime of a JDK", e);
        }
    }

    /** Finishes a digest, and returns its 64 hexadecimal digits, in lower case. */
    public static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The digest of {@code bytes}: 64 hexadecimal digits, in lower case. */
    public static String of(byte[] bytes) {
        MessageDigest digest = begin();
        digest.update(bytes);
        return hex(digest);
    }
}
