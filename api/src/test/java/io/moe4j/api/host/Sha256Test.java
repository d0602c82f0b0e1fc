package io.moe4j.api.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.junit.jupiter.api.Test;

class Sha256Test {
    /** The digest of {@code abc}, the first example of FIPS 180-2, appendix B.1. */
    private static final String OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void isTheDigestOfTheStandard() {
        assertEquals(OF_ABC, Sha256.of(bytes("abc")));
        assertEquals("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Sha256.of(bytes("")));
    }

    @Test
    void piecesHaveTheDigestOfTheWhole() {
        MessageDigest digest = Sha256.begin();
        digest.update(bytes("a"));
        digest.update(bytes("bc"));
        assertEquals(OF_ABC, Sha256.hex(digest));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
