package io.moe4j.planted.mutable;

import java.util.List;
import java.util.regex.Pattern;

/** Constants. */
enum Innocent {
    ONE, TWO;

    static final int LIMIT = 3;
    static final List<String> NAMES = List.of("a", "b");
    static final Pattern FORM = Pattern.compile("a|b");

    static boolean isName(String text, Innocent kind) {
        assert text.length() <= LIMIT;
        return switch (kind) {
            case ONE -> NAMES.contains(text);
            case TWO -> FORM.matcher(text).matches();
        };
    }
}
