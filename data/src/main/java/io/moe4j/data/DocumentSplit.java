package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * Which documents are for validation. Only a document's text decides: it is for validation if the SHA-256 of its first {@link #DECIDING_BYTES} bytes, read as
 * a number in [0, 1), is below the fraction. So the split is the same in every epoch and for any seed, number of ranks and order of files, and two documents
 * with the same text are never on different sides.
 *
 * @param fraction the fraction of all documents that is for validation, in [0, 1)
 * @param forValidation whether the documents for validation are read, or the others
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DocumentSplit(double fraction, boolean forValidation) {
    /** The number of bytes of the text, in UTF-8, that decide. */
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

    /** Whether some documents are not read, so that their texts must be examined. */
    public boolean selects() {
        return fraction > 0 || forValidation;
    }

    /**
     * Whether a document is read.
     *
     * @param hash the hash of its text; see {@link #hash}
     */
    public boolean reads(long hash) {
        return (hash >>> 11) * 0x1p-53 < fraction == forValidation;
    }

    /**
     * The hash of a text that decides about it.
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
