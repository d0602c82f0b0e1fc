package io.moe4j.launch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Authenticates one direction of one connection. The tag of a message is a HMAC over its number in the direction, its length and its bytes: a
 * changed, repeated, omitted, reordered or reflected message is detected. For use by one thread at a time.
 */
final class Seal {
    static final int TAG_BYTES = 32;
    static final String ALGORITHM = "HmacSHA256";
    private static final String PROOF = "proof";

    private final Mac mac;
    private long next;

    Seal(SecretKey key) {
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has " + ALGORITHM, e);
        }
    }

    /** A proof that this side has the key. It differs from the tag of every message, because the authenticated bytes of a message are longer. */
    byte[] proof() {
        return mac.doFinal(PROOF.getBytes(StandardCharsets.US_ASCII));
    }

    /** The tag of the next message of this direction. */
    byte[] tag(byte[] body) {
        mac.update(ByteBuffer.allocate(Long.BYTES + Integer.BYTES).putLong(next++).putInt(body.length).array());
        return mac.doFinal(body);
    }

    /** Checks the tag of the next message of this direction. */
    void check(byte[] body, byte[] tag) throws ProtocolException {
        if (!MessageDigest.isEqual(tag(body), tag)) {
            throw new ProtocolException("message " + (next - 1) + " of " + body.length
                    + " bytes was not sent by a process of this job, or was changed on its way");
        }
    }
}
