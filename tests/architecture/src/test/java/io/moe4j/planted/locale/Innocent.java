package io.moe4j.planted.locale;

import java.io.PrintWriter;
import java.time.format.DateTimeFormatter;
import java.util.Currency;
import java.util.Locale;

/** Says which language it writes in, or writes no text that has one. */
final class Innocent {

    String format(int step) {
        return String.format(Locale.ROOT, "step-%09d", step) + step + Integer.toString(step) + String.valueOf(1.5);
    }

    String lower(String name) {
        return name.toLowerCase(Locale.ROOT).strip();
    }

    void printf(PrintWriter out, int step) {
        out.printf(Locale.ROOT, "%d%n", step);
    }

    DateTimeFormatter date() {
        return DateTimeFormatter.ofPattern("yyyyMMdd", Locale.ROOT);
    }

    /** There is an overload that takes a locale, but instead of the code, not beside it. */
    Currency currency(String code) {
        return Currency.getInstance(code);
    }
}
