package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.PythonError;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Python's {@code strftime}, with English names. */
final class TimeFormat {

    private TimeFormat() {}

    static String format(Clock clock, String pattern) {
        ZonedDateTime now = ZonedDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            if (pattern.charAt(i) != '%' || i + 1 == pattern.length()) {
                out.append(pattern.charAt(i));
            } else {
                out.append(part(now, pattern, ++i));
            }
        }
        return out.toString();
    }

    private static String part(ZonedDateTime now, String pattern, int at) {
        char letter = pattern.charAt(at);
        return switch (letter) {
            case '%' -> "%";
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'z', 'Z' -> "";
            case 'w' -> Integer.toString(now.getDayOfWeek().getValue() % 7);
            case 'U' -> twoDigits((now.getDayOfYear() + 6 - now.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> twoDigits((now.getDayOfYear() + 7 - now.getDayOfWeek().getValue()) / 7);
            case 's' -> Long.toString(now.toEpochSecond());
            case 'C' -> twoDigits(now.getYear() / 100);
            default -> {
                String form = form(letter);
                if (form.isEmpty()) {
                    throw new PythonError(
                            "strftime_now does not know %" + letter + "; use %Y, %m, %d, %H, %M, %S, %A, %B, %b, %a …");
                }
                yield DateTimeFormatter.ofPattern(form, Locale.ENGLISH).format(now);
            }
        };
    }

    private static String twoDigits(int number) {
        return String.format(Locale.ROOT, "%02d", number);
    }

    /** The pattern of Java for a letter of Python's strftime. */
    private static String form(char letter) {
        return switch (letter) {
            case 'Y' -> "yyyy";
            case 'y' -> "yy";
            case 'm' -> "MM";
            case 'd' -> "dd";
            case 'e' -> "ppd";
            case 'H' -> "HH";
            case 'I' -> "hh";
            case 'M' -> "mm";
            case 'S' -> "ss";
            case 'f' -> "SSSSSS";
            case 'p' -> "a";
            case 'A' -> "EEEE";
            case 'a' -> "EEE";
            case 'B' -> "MMMM";
            case 'b', 'h' -> "MMM";
            case 'j' -> "DDD";
            case 'u' -> "e";
            case 'G' -> "YYYY";
            case 'V' -> "ww";
            case 'D', 'x' -> "MM/dd/yy";
            case 'F' -> "yyyy-MM-dd";
            case 'T', 'X' -> "HH:mm:ss";
            case 'R' -> "HH:mm";
            case 'r' -> "hh:mm:ss a";
            case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
            default -> "";
        };
    }
}
