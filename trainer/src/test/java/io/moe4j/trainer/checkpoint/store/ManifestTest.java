package io.moe4j.trainer.checkpoint.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestTest {
    private static final byte[] WHOLE = new Manifest(6, 2, List.of()).encode();

    @Test
    void comesBack() {
        assertEquals(new Manifest(6, 2, List.of()), Manifest.decode(WHOLE));
    }

    /** One byte less or more at the end leaves both digests as they are: a message that compared these would say that nothing is wrong. */
    @Test
    void whatIsWrongWithTheSecondLineIsToldBySizes() {
        for (int length : List.of(WHOLE.length - 1, WHOLE.length + 1)) {
            byte[] changed = Arrays.copyOf(WHOLE, length);
            changed[length - 1] = length < WHOLE.length ? (byte) '}' : (byte) '\n';
            String refused = String.valueOf(assertThrows(DamageException.class, () -> Manifest.decode(changed))
                    .getMessage());
            assertTrue(refused.startsWith("manifest.jsonl: its second line was expected to have 78 bytes"), refused);
            assertTrue(refused.contains(" has " + (78 + length - WHOLE.length) + " bytes"), refused);
        }
    }

    @Test
    void aChangedFirstLineIsToldByDigests() {
        byte[] changed = WHOLE.clone();
        changed[9] ^= 1;
        String refused = String.valueOf(assertThrows(DamageException.class, () -> Manifest.decode(changed))
                .getMessage());
        assertTrue(refused.startsWith("manifest.jsonl: for its first line the SHA-256 "), refused);
    }
}
