package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Case;
import io.moe4j.chattemplate.python.CodePoints;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Function;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.Join;
import io.moe4j.chattemplate.python.Markup;
import io.moe4j.chattemplate.python.Methods;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PercentFormat;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Replace;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Tuple;
import io.moe4j.chattemplate.python.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters whose result is a text. */
final class TextFilters {
    private static final Pattern WORD_START = Pattern.compile("[-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

    private TextFilters() {}

    static Library.@Nullable Filter find(String name) {
        return switch (name) {
            case "string" -> plain(name, text -> text);
            case "upper" -> plain(name, text -> text.toUpperCase(Locale.ROOT));
            case "lower" -> plain(name, text -> text.toLowerCase(Locale.ROOT));
            case "capitalize" -> plain(name, Case::capitalized);
            case "title" -> plain(name, TextFilters::title);
            case "trim" -> (value, arguments) -> method(soft(value), "strip", arguments.bind(name, "chars?"));
            case "center" -> (value, arguments) -> {
                Object width = arguments.bind(name, "width?")[0];
                return method(soft(value), "center", width == null ? 80L : width);
            };
            case "replace" -> TextFilters::replace;
            case "indent" -> Indent::apply;
            case "tojson" -> JsonFilter::apply;
            case "truncate" -> TextFilters::truncate;
            case "format" -> (value, arguments) -> PercentFormat.format(Text.str(value), formatted(arguments));
            case "safe" -> (value, arguments) -> {
                arguments.bind(name);
                return value instanceof Markup ? value : new Markup(Text.str(value));
            };
            case "e", "escape" -> (value, arguments) -> {
                arguments.bind(name);
                return Markup.escaped(value);
            };
            case "forceescape" -> (value, arguments) -> Markup.escaped(Text.str(value));
            case "wordcount" -> (value, arguments) -> WORD.matcher(Text.str(value)).results().count();
            case "urlencode" -> (value, arguments) -> UrlEncode.apply(value);
            default -> null;
        };
    }

    /** A value as text; a marked text stays marked. */
    private static Object soft(Object value) {
        return value instanceof Markup ? value : Text.str(value);
    }

    private static Library.Filter plain(String name, UnaryOperator<String> change) {
        return (value, arguments) -> {
            arguments.bind(name);
            return value instanceof Markup markup ? new Markup(change.apply(markup.text()))
                    : change.apply(Text.str(value));
        };
    }

    private static Object method(Object text, String name, @Nullable Object... given) {
        List<Object> arguments = new ArrayList<>();
        for (Object each : given) {
            if (each != null) {
                arguments.add(each);
            }
        }
        return ((Function) Objects.requireNonNull(Methods.find(text, name)))
                .call(new Arguments(arguments, Map.of()));
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        Matcher between = WORD_START.matcher(text);
        int at = 0;
        while (between.find()) {
            out.append(titled(text.substring(at, between.start()))).append(between.group());
            at = between.end();
        }
        return out.append(titled(text.substring(at))).toString();
    }

    private static String titled(String word) {
        if (word.isEmpty()) {
            return word;
        }
        int end = word.offsetByCodePoints(0, 1);
        return word.substring(0, end).toUpperCase(Locale.ROOT) + word.substring(end).toLowerCase(Locale.ROOT);
    }

    private static Object replace(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("replace", "old", "new", "count?");
        long count = given[2] == null || given[2] == None.NONE ? -1 : Types.whole(given[2], "replace");
        return Replace.replaced(Text.str(value), Text.str(orNone(given[0])), Text.str(orNone(given[1])), count);
    }

    private static Object orNone(@Nullable Object value) {
        return value == null ? None.NONE : value;
    }

    private static Object truncate(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("truncate", "length?", "killwords?", "end?", "leeway?");
        int length = given[0] == null ? 255 : Types.index(given[0], "truncate");
        String end = given[2] == null ? "..." : Types.text(given[2], "truncate");
        long leeway = given[3] == null || given[3] == None.NONE ? 5 : Types.whole(given[3], "truncate");
        int kept = length - CodePoints.count(end);
        if (kept < 0 || leeway < 0) {
            throw new PythonError(
                    "truncate to " + length + " characters, with \"" + end + "\" at the end and a leeway of " + leeway
                            + ", leaves less than none; give a larger length");
        }
        if (Iteration.size(value).orElse(Integer.MAX_VALUE) <= length + leeway) {
            return value;
        }
        String text = Types.text(value, "truncate");
        String cut = CodePoints.slice(text, 0, kept);
        int space = given[1] != null && Truth.of(given[1]) ? -1 : cut.lastIndexOf(' ');
        return (space < 0 ? cut : cut.substring(0, space)) + end;
    }

    private static Object formatted(Arguments arguments) {
        if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
            throw new PythonError("the filter format takes arguments with names, or without; leave out one kind");
        }
        if (arguments.named().isEmpty()) {
            return Tuple.of(arguments.positional());
        }
        Dict.Builder dict = new Dict.Builder();
        arguments.named().forEach(dict::put);
        return dict.build();
    }

    /** Joins items, as the filter of this name does. */
    static String joined(Object between, List<Object> items) {
        return Join.joined(Text.str(between), items, true);
    }
}
