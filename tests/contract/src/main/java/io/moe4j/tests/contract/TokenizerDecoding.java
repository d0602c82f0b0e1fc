package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/** Checks the text of a decoder: id by id, in whole characters, even if the ids end early. */
final class TokenizerDecoding {
    private static final char REPLACEMENT = '\uFFFD';
    /** The most characters that may be held back: far more than one id and an incomplete character need. */
    private static final int MOST_HELD = 200;
    /** Longer texts are not tested with an end after each id. */
    private static final int MOST_CUT = 100;

    private TokenizerDecoding() {}

    /** The text of all ids. */
    static String text(Tokenizer.Decoder decoder, List<Integer> ids) {
        StringBuilder text = new StringBuilder();
        ids.forEach(id -> text.append(decoder.next(id)));
        return text.append(decoder.end()).toString();
    }

    /** Text is given as it becomes complete, and never half of a character. */
    static void comesAsItGrows(Tokenizer.Decoder decoder, List<Integer> ids, String shown) {
        for (int id : ids) {
            assertWhole(decoder.next(id), shown);
        }
        String rest = decoder.end();
        assertWhole(rest, shown);
        assertTrue(rest.length() <= MOST_HELD, () -> "next(id) gives what became complete, but " + rest.length()
                + " characters were held back until the end of " + shown);
    }

    /**
     * Ids that end early: the text so far, with U+FFFD for a character of which only a part is there; then the decoder is as new.
     *
     * @param text the text of all ids
     */
    static void mayEndEarly(Tokenizer.Decoder decoder, List<Integer> ids, String text, String shown) {
        if (text.indexOf(REPLACEMENT) >= 0 || ids.size() > MOST_CUT) {
            return;
        }
        List<String> pieces = new ArrayList<>();
        ids.forEach(id -> pieces.add(decoder.next(id)));
        decoder.end();
        for (int count = 1; count < ids.size(); count++) {
            String early = text(decoder, ids.subList(0, count));
            String where = "after " + count + " of " + ids.size() + " ids of " + shown;
            assertTrue(text.startsWith(early.replaceAll(REPLACEMENT + "+$", "")),
                    () -> "the text that ends early, " + where + ", is \"" + early + "\"");
            if (isInsideACharacter(pieces, count)) {
                assertTrue(early.indexOf(REPLACEMENT) >= 0, () -> "an incomplete character is U+FFFD " + where
                        + ", but the text is \"" + early + "\"");
            }
        }
        assertEquals(text, text(decoder, ids), "text, after others that ended early");
    }

    /** Two decoders at the same time. */
    static void areIndependent(Tokenizer.Decoder one, Tokenizer.Decoder other, List<Integer> ids, String text) {
        StringBuilder first = new StringBuilder();
        StringBuilder second = new StringBuilder();
        for (int id : ids) {
            first.append(one.next(id));
            second.append(other.next(id));
        }
        assertEquals(text, first.append(one.end()).toString(), "text of one of two decoders that are used in turns");
        assertEquals(text, second.append(other.end()).toString(), "text of the other decoder");
    }

    /**
     * Whether the ids up to here certainly end within a character: nothing was returned for the last ids, and the text that the next ids complete is a single
     * character beyond ASCII.
     */
    private static boolean isInsideACharacter(List<String> pieces, int count) {
        int begin = count;
        while (begin > 0 && pieces.get(begin - 1).isEmpty()) {
            begin--;
        }
        if (begin == 0 || begin == count) {
            return false;
        }
        String next = pieces.subList(count, pieces.size()).stream().filter(piece -> !piece.isEmpty()).findFirst()
                .orElse("");
        return next.codePointCount(0, next.length()) == 1 && next.codePointAt(0) > 127;
    }

    private static void assertWhole(String piece, String shown) {
        boolean half = !piece.isEmpty() && (Character.isLowSurrogate(piece.charAt(0))
                || Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
        assertFalse(half, () -> "next(id) gives half of a surrogate pair, a part of a character, of " + shown);
    }
}
