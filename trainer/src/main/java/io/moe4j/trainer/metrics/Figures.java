package io.moe4j.trainer.metrics;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The figures of a line, such as {@code loss: 7.03211}; some are left out if not all fit. */
final class Figures {
    private final List<Figure> all = new ArrayList<>();

    /** @param leftOut figures with the largest number are left out first; 0 is never left out */
    private record Figure(int leftOut, String text) {}

    /** Adds a figure that is always shown. */
    void add(String format, Object... values) {
        addUpTo(0, format, values);
    }

    /** @param leftOut from 1; the largest is left out first */
    void addUpTo(int leftOut, String format, Object... values) {
        all.add(new Figure(leftOut, String.format(Locale.ROOT, format, values)));
    }

    /** The line in at most {@code columns} characters, if possible. */
    String line(int columns) {
        List<Figure> shown = new ArrayList<>(all);
        while (joined(shown).length() > columns) {
            Figure least = Collections.max(shown, Comparator.comparingInt(Figure::leftOut));
            if (least.leftOut == 0) {
                break;
            }
            shown.remove(least);
        }
        return joined(shown);
    }

    private static String joined(List<Figure> figures) {
        return figures.stream().map(Figure::text).collect(Collectors.joining("  "));
    }

    /** The number of a step, right-aligned to the width of the last step's number, which is at least two digits. */
    static String number(long step, long steps) {
        return String.format(Locale.ROOT, "%" + Math.max(2, String.valueOf(steps).length()) + "d", step);
    }
}
