package io.moe4j.trainer.chat;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * A text with marks in it, and where they are in what is left without them. A conversation is rendered often, and of most renderings only the end matters: of a
 * long text, only the part that is asked for is copied.
 *
 * <p>For example, {@code Hi[0] you[1]!} has the text {@code Hi you!}, with the places 2 and 6; from 3 on it is {@code you!}.
 */
final class MarkedText {
    private final String marked;
    private final int count;
    /** Of each mark, in the order of the text: its number, its place, and where it begins and ends in {@link #marked}. */
    private final int[] numbers;
    private final int[] places;
    private final int[] begins;
    private final int[] ends;
    /** The marks that occur once, as indices of the arrays above, by ascending numbers. */
    private final int[] once;

    private MarkedText(Builder read) {
        marked = read.marked;
        count = read.count;
        numbers = read.numbers;
        places = read.places;
        begins = read.begins;
        ends = read.ends;
        once = once(numbers, count);
    }

    private static int[] once(int[] numbers, int count) {
        int[] all = IntStream.range(0, count).toArray();
        if (IntStream.range(1, count).allMatch(i -> numbers[i - 1] < numbers[i])) {
            return all;
        }
        int[] sorted = IntStream.of(all).boxed().sorted((a, b) -> Integer.compare(numbers[a], numbers[b]))
                .mapToInt(Integer::intValue).toArray();
        return IntStream.range(0, count)
                .filter(i -> (i == 0 || numbers[sorted[i - 1]] != numbers[sorted[i]])
                        && (i + 1 == count || numbers[sorted[i]] != numbers[sorted[i + 1]]))
                .map(i -> sorted[i]).toArray();
    }

    /** The index in {@link #once} of the first number that is at least this one. */
    private int from(long number, int least, int most) {
        int low = least;
        int high = most;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (numbers[once[middle]] < number) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Where a mark is; -1 if it is not there once. */
    int place(int number) {
        int at = from(number, 0, once.length);
        return at < once.length && numbers[once[at]] == number ? places[once[at]] : -1;
    }

    /** The numbers of the marks that are there once, ascending. */
    IntStream numbers() {
        return IntStream.of(once).map(mark -> numbers[mark]);
    }

    /** The mark among these that is first in the text, and of two at one place the one with the lower number; -1 if there is none. */
    int first(int from, int to) {
        int first = -1;
        for (int i = from(from, 0, once.length); i < once.length && numbers[once[i]] < to; i++) {
            first = first < 0 || places[once[i]] < places[first] ? once[i] : first;
        }
        return first < 0 ? -1 : numbers[first];
    }

    /** The last mark in the text that is there once and fits; of two at one place, the one with the higher number; -1 if there is none. */
    int last(IntPredicate fits) {
        int last = -1;
        for (int i = count - 1; i >= 0 && (last < 0 || places[i] == places[last]); i--) {
            if ((last < 0 || numbers[i] > numbers[last]) && fits.test(numbers[i]) && place(numbers[i]) >= 0) {
                last = i;
            }
        }
        return last < 0 ? -1 : numbers[last];
    }

    /** The length of the text without marks. */
    int length() {
        return marked.length() - (count == 0 ? 0 : ends[count - 1] - places[count - 1]);
    }

    /** The text without marks. */
    String text() {
        return from(0);
    }

    /** The text without marks, from a place on. */
    String from(int place) {
        int mark = count;
        while (mark > 0 && places[mark - 1] > place) {
            mark--;
        }
        int at = mark == 0 ? place : ends[mark - 1] + place - places[mark - 1];
        StringBuilder text = new StringBuilder(length() - place);
        for (; mark < count; mark++) {
            text.append(marked, at, begins[mark]);
            at = ends[mark];
        }
        return text.append(marked, at, marked.length()).toString();
    }

    /** Collects marks in the order of the text. */
    static final class Builder {
        private final String marked;
        private int[] numbers = new int[32];
        private int[] places = new int[32];
        private int[] begins = new int[32];
        private int[] ends = new int[32];
        private int count;

        Builder(String marked) {
            this.marked = marked;
        }

        /** Adds a mark that begins and ends there. */
        void mark(int number, int begin, int end) {
            if (count == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * count);
                places = Arrays.copyOf(places, 2 * count);
                begins = Arrays.copyOf(begins, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            numbers[count] = number;
            places[count] = count == 0 ? begin : places[count - 1] + begin - ends[count - 1];
            begins[count] = begin;
            ends[count++] = end;
        }

        MarkedText build() {
            return new MarkedText(this);
        }
    }
}
