package io.moe4j.tokenizer.huggingface;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Caches the ids of short pieces of text: most words of a text are among a few thousand. Its size is fixed; a piece replaces another one in the same slot of
 * the hash table. May be used by several threads.
 */
final class IdCache {
    /** The longest piece in bytes. */
    static final int LONGEST = 64;
    private static final int SIZE = 1 << 17;

    private final AtomicReferenceArray<@Nullable Entry> entries = new AtomicReferenceArray<>(SIZE);

    /** The ids of {@code text[from..to)}, or null. The array must not be changed. */
    int @Nullable [] get(byte[] text, int from, int to) {
        Entry entry = entries.getAcquire(slot(text, from, to));
        return entry != null && Arrays.equals(entry.text, 0, entry.text.length, text, from, to) ? entry.ids : null;
    }

    void put(byte[] text, int from, int to, int[] ids) {
        entries.setRelease(slot(text, from, to), new Entry(Arrays.copyOfRange(text, from, to), ids));
    }

    private static int slot(byte[] text, int from, int to) {
        int hash = 1;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        hash *= 0x9E3779B9;
        return hash >>> Integer.numberOfLeadingZeros(SIZE - 1);
    }

    @SuppressWarnings("ArrayRecordComponent") // never changed after they are made
    private record Entry(byte[] text, int[] ids) {}
}
