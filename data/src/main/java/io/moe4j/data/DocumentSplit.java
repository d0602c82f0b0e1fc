package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * Which documents are for validation. A document's text decides by itself: the SHA-256 of its first {@link #DECIDING_BYTES} bytes, read as a number in
 * [0, 1), is below the fraction. So it is the same in every epoch, for any seed, number of ranks and order of files; and two documents with the same text
 * are never on different sides.
 *
 * @param fraction of all documents that are for validation, in [0, 1)
 * @param forValidation whether these are read, and not the others
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DocumentSplit(double fraction, boolean forValidation) {
    /** As many bytes of the text, in UTF-8, as decide. */
    public static final int DECIDING_BYTES = 1 << 16;

    /** All documents are for training. */
    public static final DocumentSplit NONE = new DocumentSplit(0, false);

    public DocumentSplit {
        if (!(fraction >= 0 && fraction < 1)) {
            throw new IllegalArgumentException(
                    "a part of " + fraction + " of the documents is for validation; it must be"
                            + " at least 0 and below 1");
        }
    }

    /** Whether documents have to be looked at. */
    public boolean selects() {
        return fraction > 0 || forValidation;
    }

    /**
     * Whether a document is read.
     *
     * @param hash of its text; see {@link #hash}
     */
    public boolean reads(long hash) {
        return (hash >>> 11) * 0x1p-53 < fraction == forValidation;
    }

    /**
     * What decides about a text.
     *
     * @param text its first {@link #DECIDING_BYTES} bytes, or all of it
     * @param count how many bytes of {@code text} there are
     */
    public static long hash(byte[] text, int count) {
        MessageDigest digest = Sha256.begin();
        digest.update(text, 0, Math.min(count, DECIDING_BYTES));
        return ByteBuffer.wrap(digest.digest()).getLong();
    }
}
