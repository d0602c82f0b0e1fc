package io.moe4j.planted.locale;

import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.text.NumberFormat;
import java.time.format.DateTimeFormatter;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;
import java.util.stream.Stream;

/** Writes and reads text in the machine's language, in many ways. */
@SuppressWarnings({"StringCaseLocaleUsage", "DefaultLocale"})
final class Localized {

    String format(int step) {
        return String.format("step-%09d", step);
    }

    String formatted(int step) {
        return "step-%09d".formatted(step);
    }

    String lower(String name) {
        return name.toLowerCase();
    }

    Stream<String> upper(List<String> names) {
        return names.stream().map(String::toUpperCase);
    }

    void printf(PrintWriter out, int step) {
        out.printf("%d", step);
    }

    String number(double value) {
        return NumberFormat.getInstance().format(value);
    }

    DecimalFormat decimal() {
        return new DecimalFormat("0.00");
    }

    DateTimeFormatter date() {
        return DateTimeFormatter.ofPattern("yyyyMMdd");
    }

    Formatter formatter(StringBuilder target) {
        return new Formatter(target);
    }

    double scanned(String text) {
        return new Scanner(text).nextDouble();
    }

    Locale machine() {
        return Locale.getDefault();
    }
}
