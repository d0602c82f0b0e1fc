package io.moe4j.trainer.chat;

import java.util.Optional;

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

    /** Finds the marks of a text. Marks that are not whole are text. */
    MarkedText read(String marked) {
        MarkedText.Builder read = new MarkedText.Builder(marked);
        char begin = (char) (base + DIGITS);
        for (int at = marked.indexOf(begin); at >= 0;) {
            int end = end(marked, at + 1);
            if (end < 0) {
                at = marked.indexOf(begin, at + 1);
                continue;
            }
            int number = 0;
            for (int digit = at + 1; digit < end; digit++) {
                number = number * DIGITS + marked.charAt(digit) - base;
            }
            read.mark(number, at, end + 1);
            at = marked.indexOf(begin, end + 1);
        }
        return read.build();
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
