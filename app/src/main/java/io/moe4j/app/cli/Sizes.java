package io.moe4j.app.cli;

import java.util.Locale;

/** Sizes for people, in three digits and a unit. */
final class Sizes {
    private static final double STEP = 1000;
    private static final String[] COUNTS = {"", " thousand", " million", " billion", " trillion"};
    private static final String[] BYTES = {" bytes", " KiB", " MiB", " GiB", " TiB"};
    private static final double KIBI = 1024;

    private Sizes() {}

    /** {@code 712}, {@code 33.0 million}, {@code 671 billion}. */
    static String count(long number) {
        return scaled(number, STEP, COUNTS);
    }

    /** {@code 360 bytes}, {@code 207 MiB}, {@code 74.7 GiB}. */
    static String bytes(long number) {
        return scaled(number, KIBI, BYTES);
    }

    private static String scaled(long number, double step, String[] units) {
        double value = number;
        int unit = 0;
        // What would be rounded to 1000 is told in the next unit.
        while (value >= STEP - 0.5 && unit < units.length - 1) {
            value /= step;
            unit++;
        }
        int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%,." + decimals + "f%s", value, units[unit]);
    }
}
