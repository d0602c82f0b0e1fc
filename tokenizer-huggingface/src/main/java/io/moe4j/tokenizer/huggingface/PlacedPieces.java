package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.text.LoneSurrogates;
import io.moe4j.api.text.PlacedIds;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The ids of a text with their positions. The text is encoded in pieces, cut where {@link Cuts} allows it. The library gives positions in code points from
 * the beginning of a piece, which are converted to UTF-16 units of the whole text.
 */
final class PlacedPieces {
    /** Pieces end at the first cut after this number of bytes. */
    private static final int BLOCK = 1 << 15;

    private final Encoder encoder;
    private int[] ids = new int[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private int count;

    /** Encodes a piece. */
    @FunctionalInterface
    interface Encoder {
        /** The ids of a piece, with positions in code points. */
        PlacedIds encode(String piece);
    }

    private PlacedPieces(Encoder encoder) {
        this.encoder = encoder;
    }

    static PlacedIds of(String given, Cuts cuts, Encoder encoder) {
        PlacedPieces pieces = new PlacedPieces(encoder);
        String text = LoneSurrogates.replaced(given);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int unit = 0;
        for (int from = 0; from < bytes.length;) {
            int cut = cuts.next(bytes, from, bytes.length);
            while (cut < bytes.length && cut - from < BLOCK) {
                cut = cuts.next(bytes, cut, bytes.length);
            }
            if (cut - from > TextIds.LONGEST) {
                throw new InputException("a text has a piece of " + (cut - from)
                        + " bytes that this tokenizer must take as a whole, and "
                        + TextIds.LONGEST + " are the most; split it");
            }
            String piece = new String(bytes, from, cut - from, StandardCharsets.UTF_8);
            pieces.add(piece, unit);
            unit += piece.length();
            from = cut;
        }
        return new PlacedIds(Arrays.copyOf(pieces.ids, pieces.count), Arrays.copyOf(pieces.starts, pieces.count),
                Arrays.copyOf(pieces.ends, pieces.count));
    }

    private void add(String piece, int base) {
        PlacedIds encoded = encoder.encode(piece);
        int more = encoded.ids().length;
        if (more > ids.length - count) {
            int length = Math.max(2 * ids.length, count + more);
            ids = Arrays.copyOf(ids, length);
            starts = Arrays.copyOf(starts, length);
            ends = Arrays.copyOf(ends, length);
        }
        Units units = new Units(piece);
        for (int i = 0; i < more; i++) {
            ids[count] = encoded.ids()[i];
            starts[count] = base + units.at(encoded.starts()[i]);
            ends[count++] = base + units.at(encoded.ends()[i]);
        }
    }

    /** Converts numbers of code points of a text to numbers of UTF-16 units. Queries in ascending order are fast. */
    private static final class Units {
        private final String text;
        private int point;
        private int unit;

        private Units(String text) {
            this.text = text;
        }

        private int at(int wanted) {
            unit = text.offsetByCodePoints(unit, wanted - point);
            point = wanted;
            return unit;
        }
    }
}
