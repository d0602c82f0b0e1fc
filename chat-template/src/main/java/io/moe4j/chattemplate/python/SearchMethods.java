package io.moe4j.chattemplate.python;

import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Methods of texts that search for a part, and methods that pad a text to a width. */
final class SearchMethods {

    private SearchMethods() {}

    static @Nullable Function find(String text, String name) {
        return switch (name) {
            case "find" -> arguments -> position(text, name, arguments, false);
            case "rfind" -> arguments -> position(text, name, arguments, true);
            case "index" -> arguments -> present(position(text, name, arguments, false));
            case "rindex" -> arguments -> present(position(text, name, arguments, true));
            case "count" -> arguments -> {
                Part part = Part.of(text, name, arguments);
                return part.exists() ? Replace.occurrences(part.text(), part.wanted(name)) : 0L;
            };
            case "startswith" -> arguments -> ends(text, name, arguments, String::startsWith);
            case "endswith" -> arguments -> ends(text, name, arguments, String::endsWith);
            case "center" -> arguments -> padded(text, name, arguments, 0.5);
            case "ljust" -> arguments -> padded(text, name, arguments, 0);
            case "rjust" -> arguments -> padded(text, name, arguments, 1);
            case "zfill" -> arguments -> zeros(text, Types.whole(arguments.required(name, "/width"), name));
            default -> null;
        };
    }

    /**
     * The part of a text between two positions.
     *
     * @param exists false if it would begin after the end
     */
    private record Part(String text, int from, boolean exists, Object asked) {

        static Part of(String text, String method, Arguments arguments) {
            @Nullable Object[] given = arguments.bind(method, "/part", "/start?", "/end?");
            Object asked = arguments.required(method, "/part", "/start?", "/end?");
            int size = CodePoints.count(text);
            int from = given[1] == null || given[1] == None.NONE ? 0 : Types.index(given[1], method);
            from = from < 0 ? Math.max(0, from + size) : from;
            int to = Subscripts.clamped(given[2], size, size);
            return from > to ? new Part("", from, false, asked)
                    : new Part(CodePoints.slice(text, from, to), from, true, asked);
        }

        String wanted(String method) {
            return Types.text(asked, method);
        }
    }

    private static long position(String text, String method, Arguments arguments, boolean last) {
        Part part = Part.of(text, method, arguments);
        String wanted = part.wanted(method);
        int at = !part.exists() ? -1 : last ? part.text().lastIndexOf(wanted) : part.text().indexOf(wanted);
        return at < 0 ? -1 : part.from() + part.text().codePointCount(0, at);
    }

    private static Object present(long position) {
        if (position < 0) {
            throw new PythonError("the part is not in the text; test it with \"in\", or use find");
        }
        return position;
    }

    private static boolean ends(String text, String method, Arguments arguments, BiPredicate<String, String> has) {
        Part part = Part.of(text, method, arguments);
        List<Object> wanted = part.asked() instanceof Tuple several ? several.items() : List.of(part.asked());
        // As in Python, stop at the first match without checking the types of the other values.
        return wanted.stream().anyMatch(each -> has.test(part.text(), Types.text(each, method)) && part.exists());
    }

    private static String padded(String text, String method, Arguments arguments, double before) {
        @Nullable Object[] given = arguments.bind(method, "/width", "/fill?");
        String fill = given[1] == null ? " " : Types.text(given[1], method);
        if (CodePoints.count(fill) != 1) {
            throw new PythonError(method + " fills with one character, and got \"" + fill + "\"; give one");
        }
        return padded(text, Types.whole(arguments.required(method, "/width", "/fill?"), method), fill, before);
    }

    /**
     * A text padded to a width.
     *
     * @param before the fraction of the padding that is before the text: 0, 0.5 or 1
     */
    static String padded(String text, long width, String fill, double before) {
        long missing = Math.max(0, width - CodePoints.count(text));
        Text.checkLength(text.length() + missing * fill.length());
        // Python's center puts an odd fill character before the text if the width is odd.
        long left = before == 0.5 ? missing / 2 + (missing & width & 1) : (long) (missing * before);
        return fill.repeat((int) left) + text + fill.repeat((int) (missing - left));
    }

    private static String zeros(String text, long width) {
        boolean signed = text.startsWith("+") || text.startsWith("-");
        String sign = signed ? text.substring(0, 1) : "";
        return sign + padded(text.substring(sign.length()), width - sign.length(), "0", 1);
    }
}
