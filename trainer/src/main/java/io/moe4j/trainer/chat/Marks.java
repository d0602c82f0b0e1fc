package io.moe4j.trainer.chat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Characters that are put into texts of a conversation to see where a template writes them: characters for private use, in which a number is written. They
 * are taken from one of 25 ranges of 18 characters: a range of which no character occurs in the rendered text.
 *
 * @param base the first character of the range: 16 digits, then the beginning and the end of a mark
 */
record Marks(char base) {
    private static final int DIGITS = 16;
    private static final int STEP = 0x100;
    private static final char FIRST = '\uE000';
    private static final char LAST = '\uF800';

    /**
     * A text without its marks.
     *
     * @param text what is left
     * @param places where marks were that occurred once, by their numbers
     */
    record Read(String text, Map<Integer, Integer> places) {}

    /** Marks that do not occur in a text; empty if all do, which no ordinary text has. */
    static Optional<Marks> notIn(String text) {
        for (int base = FIRST; base <= LAST; base += STEP) {
            Marks marks = new Marks((char) base);
            if (text.chars().noneMatch(marks::isPart)) {
                return Optional.of(marks);
            }
        }
        return Optional.empty();
    }

    private boolean isPart(int unit) {
        return unit >= base && unit < base + DIGITS + 2;
    }

    /** The mark of a number. */
    String of(int number) {
        StringBuilder mark = new StringBuilder().append((char) (base + DIGITS));
        for (char digit : Integer.toHexString(number).toCharArray()) {
            mark.append((char) (base + Character.digit(digit, DIGITS)));
        }
        return mark.append((char) (base + DIGITS + 1)).toString();
    }

    /** Takes the marks out of a text. Marks that are not whole stay in it. */
    Read read(String marked) {
        StringBuilder text = new StringBuilder();
        Map<Integer, Integer> places = new HashMap<>();
        Set<Integer> twice = new HashSet<>();
        for (int i = 0; i < marked.length();) {
            int end = marked.charAt(i) == base + DIGITS ? end(marked, i + 1) : -1;
            if (end < 0) {
                text.append(marked.charAt(i++));
                continue;
            }
            int number = 0;
            for (int digit = i + 1; digit < end; digit++) {
                number = number * DIGITS + marked.charAt(digit) - base;
            }
            if (places.put(number, text.length()) != null) {
                twice.add(number);
            }
            i = end + 1;
        }
        places.keySet().removeAll(twice);
        return new Read(text.toString(), places);
    }

    /** Where a mark ends whose digits begin here; -1 if none does. */
    private int end(String marked, int from) {
        int at = from;
        while (at < marked.length() && marked.charAt(at) >= base && marked.charAt(at) < base + DIGITS) {
            at++;
        }
        return at > from && at - from < 8 && at < marked.length() && marked.charAt(at) == base + DIGITS + 1 ? at : -1;
    }
}
