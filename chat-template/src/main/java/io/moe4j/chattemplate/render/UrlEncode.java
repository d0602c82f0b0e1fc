package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Types;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The filter {@code urlencode}: encodes a text as a part of a URL, or pairs as its query. */
final class UrlEncode {
    private static final String KEPT = "_.-~";

    private UrlEncode() {}

    static String apply(Object value) {
        if (Types.isText(value) || !Iteration.isIterable(value)) {
            return quoted(Text.str(value), false);
        }
        List<List<Object>> pairs = value instanceof Dict dict
                ? dict.entries().stream().map(entry -> entry.tuple().items()).toList()
                : Iteration.items(value).stream().map(Iteration::items).toList();
        return pairs.stream().map(UrlEncode::pair).collect(Collectors.joining("&"));
    }

    private static String pair(List<Object> pair) {
        if (pair.size() != 2) {
            throw new PythonError(
                    "urlencode needs pairs of a key and a value, and got " + pair.size() + " items; give two");
        }
        return quoted(Text.str(pair.get(0)), true) + "=" + quoted(Text.str(pair.get(1)), true);
    }

    private static String quoted(String text, boolean inQuery) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean kept = c < 128 && (Character.isLetterOrDigit(c) || KEPT.indexOf(c) >= 0 || (c == '/' && !inQuery));
            out.append(kept ? Character.toString(c)
                    : c == ' ' && inQuery ? "+" : String.format(Locale.ROOT, "%%%02X", (int) c));
        }
        return out.toString();
    }
}
