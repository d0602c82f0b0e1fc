package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The ids of one text, which is read and encoded in pieces, cut where that does not change the ids. For use by one thread. */
final class TextIds implements Tokenizer.Tokens {
    /** The longest piece, in bytes. The native library needs about 100 times the memory of a piece while it encodes it. */
    static final int LONGEST = 32 << 20;
    private static final int FIRST = 1 << 13;
    /** Pieces of this size are encoded fastest, because the library's data for them stays in the processor's caches. */
    private static final int BLOCK = 1 << 15;

    private final InputStream text;
    private final Encoder encoder;
    private final Cuts cuts;
    private final IdCache cache;
    private byte[] bytes = new byte[FIRST];
    /** Beginning of the bytes that were read but are not encoded yet. */
    private int from;
    private int to;
    private boolean ended;
    private int[] ids = new int[FIRST / 2];
    private int next;
    private int count;

    TextIds(InputStream text, Encoder encoder, Cuts cuts, IdCache cache) {
        this.text = text;
        this.encoder = encoder;
        this.cuts = cuts;
        this.cache = cache;
    }

    @Override
    public int read(int[] target, int at, int most) throws IOException {
        while (next == count) {
            if (!more()) {
                return -1;
            }
        }
        int read = Math.min(most, count - next);
        System.arraycopy(ids, next, target, at, read);
        next += read;
        return read;
    }

    /** Reads and encodes; false at the end of the text. */
    private boolean more() throws IOException {
        next = 0;
        count = 0;
        int end = readToACut();
        while (from < end) {
            int cut = cuts.next(bytes, from, end);
            if (cut - from <= IdCache.LONGEST) {
                encodeShort(cut);
            } else {
                // Encode several pieces together, for fewer calls.
                while (cut < end && cut - from < BLOCK) {
                    int following = cuts.next(bytes, cut, end);
                    if (following - cut <= IdCache.LONGEST) {
                        break;
                    }
                    cut = following;
                }
                add(encoder.encode(bytes, from, cut));
            }
            from = cut;
        }
        return count > 0 || !ended;
    }

    private void encodeShort(int to) {
        int[] known = cache.get(bytes, from, to);
        if (known == null) {
            known = encoder.encode(bytes, from, to);
            cache.put(bytes, from, to, known);
        }
        add(known);
    }

    /** Reads until the last cut is known, and returns it: the end of the text, or the last place where it may be cut. */
    private int readToACut() throws IOException {
        System.arraycopy(bytes, from, bytes, 0, to - from);
        to -= from;
        from = 0;
        while (true) {
            int read = ended ? 0 : text.readNBytes(bytes, to, bytes.length - to);
            to += read;
            ended = to < bytes.length;
            int cut = ended ? to : cuts.last(bytes, 0, to);
            if (ended || cut > 0) {
                if (bytes.length < BLOCK && !ended) {
                    bytes = Arrays.copyOf(bytes, BLOCK);
                }
                return cut;
            }
            if (bytes.length > LONGEST) {
                throw new IOException(
                        "a document has a piece of more than " + LONGEST + " bytes that this tokenizer must take as"
                                + " a whole; split it");
            }
            bytes = Arrays.copyOf(bytes, bytes.length >= LONGEST ? LONGEST + 1 : Math.min(LONGEST, 2 * bytes.length));
        }
    }

    private void add(int[] more) {
        if (more.length > ids.length - count) {
            ids = Arrays.copyOf(ids, Math.max(2 * ids.length, count + more.length));
        }
        System.arraycopy(more, 0, ids, count, more.length);
        count += more.length;
    }

    /** Encodes a piece. */
    @FunctionalInterface
    interface Encoder {
        /** The ids of {@code text[from..to)}, in UTF-8. */
        int[] encode(byte[] text, int from, int to);
    }
}
