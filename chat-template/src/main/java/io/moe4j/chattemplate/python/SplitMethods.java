package io.moe4j.chattemplate.python;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods that divide a text. */
public final class SplitMethods {

    private SplitMethods() {}

    static @Nullable Function find(String text, String name) {
        return switch (name) {
            case "split" -> arguments -> split(text, name, arguments, false);
            case "rsplit" -> arguments -> split(text, name, arguments, true);
            case "splitlines" -> arguments -> {
                Object keep = arguments.bind(name, "keepends?")[0];
                return PyList.of(lines(text, keep != null && Truth.of(keep)));
            };
            case "partition" -> arguments -> partition(text, separator(arguments.required(name, "/sep"), name), false);
            case "rpartition" -> arguments -> partition(text, separator(arguments.required(name, "/sep"), name), true);
            case "expandtabs" -> arguments -> {
                Object size = arguments.bind(name, "tabsize?")[0];
                return expanded(text, size == null ? 8 : Types.whole(size, name));
            };
            default -> null;
        };
    }

    private static String separator(Object value, String method) {
        String separator = Types.text(value, method);
        if (separator.isEmpty()) {
            throw new PythonError(method + " got an empty text as what divides; give one with characters");
        }
        return separator;
    }

    private static PyList split(String text, String method, Arguments arguments, boolean fromEnd) {
        @Nullable Object[] given = arguments.bind(method, "sep?", "maxsplit?");
        long count = given[1] == null ? -1 : Types.whole(given[1], method);
        long most = count < 0 ? Long.MAX_VALUE : count;
        List<String> parts;
        if (given[0] == null || given[0] == None.NONE) {
            parts = fromEnd ? wordsFromEnd(text, most) : words(text, most);
        } else {
            String separator = separator(given[0], method);
            parts = fromEnd ? partsFromEnd(text, separator, most) : parts(text, separator, most);
        }
        return PyList.of(parts);
    }

    private static void add(String part, List<String> parts) {
        if (parts.size() >= Container.MOST) {
            throw new PythonError(
                    "a text would be divided into more than " + Container.MOST + " parts; make it shorter");
        }
        parts.add(part);
    }

    private static List<String> parts(String text, String separator, long most) {
        List<String> parts = new ArrayList<>();
        int at = 0;
        for (int next = text.indexOf(separator); next >= 0 && parts.size() < most; next = text.indexOf(separator, at)) {
            add(text.substring(at, next), parts);
            at = next + separator.length();
        }
        add(text.substring(at), parts);
        return parts;
    }

    private static List<String> partsFromEnd(String text, String separator, long most) {
        List<String> parts = new ArrayList<>();
        int end = text.length();
        while (parts.size() < most) {
            int next = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
            if (next < 0) {
                break;
            }
            add(text.substring(next + separator.length(), end), parts);
            end = next;
        }
        add(text.substring(0, end), parts);
        Collections.reverse(parts);
        return parts;
    }

    private static List<String> words(String text, long most) {
        List<String> words = new ArrayList<>();
        int at = Spaces.skip(text, 0);
        while (at < text.length() && words.size() < most) {
            int end = at;
            while (end < text.length() && !Spaces.isSpace(text.charAt(end))) {
                end++;
            }
            add(text.substring(at, end), words);
            at = Spaces.skip(text, end);
        }
        if (at < text.length()) {
            add(text.substring(at), words);
        }
        return words;
    }

    private static List<String> wordsFromEnd(String text, long most) {
        List<String> words = new ArrayList<>();
        String rest = Spaces.stripEnd(text);
        while (!rest.isEmpty() && words.size() < most) {
            int begin = rest.length();
            while (begin > 0 && !Spaces.isSpace(rest.charAt(begin - 1))) {
                begin--;
            }
            add(rest.substring(begin), words);
            rest = Spaces.stripEnd(rest.substring(0, begin));
        }
        if (!rest.isEmpty()) {
            add(rest, words);
        }
        Collections.reverse(words);
        return words;
    }

    /** The lines of a text, at all characters that Python takes as ends of lines. */
    public static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = at;
            while (end < text.length() && !isLineEnd(text.charAt(end))) {
                end++;
            }
            int next = end == text.length() ? end : text.startsWith("\r\n", end) ? end + 2 : end + 1;
            add(text.substring(at, keepEnds ? next : end), lines);
            at = next;
        }
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    private static Tuple partition(String text, String separator, boolean last) {
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return last ? Tuple.of("", "", text) : Tuple.of(text, "", "");
        }
        return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    private static String expanded(String text, long size) {
        StringBuilder out = new StringBuilder();
        long column = 0;
        for (int c : text.codePoints().toArray()) {
            if (c == '\t') {
                long spaces = size > 0 ? size - column % size : 0;
                Text.checkLength(out.length() + spaces);
                out.repeat(" ", (int) spaces);
                column += spaces;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return out.toString();
    }
}
