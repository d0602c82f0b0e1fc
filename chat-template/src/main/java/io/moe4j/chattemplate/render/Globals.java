package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Function;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Range;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Types;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The functions that templates call by their names. */
final class Globals {
    private final Clock clock;

    Globals(Clock clock) {
        this.clock = clock;
    }

    Optional<Object> find(String name) {
        Function found = switch (name) {
            case "range" -> Globals::range;
            case "namespace" -> arguments -> new Namespace(entries("namespace", arguments));
            case "dict" -> Globals::dict;
            case "raise_exception" -> Globals::raise;
            case "strftime_now" -> arguments -> TimeFormat.format(clock,
                    Types.text(arguments.required("strftime_now", "format"), "strftime_now"));
            default -> null;
        };
        return Optional.ofNullable(found);
    }

    private static Object range(Arguments arguments) {
        @Nullable Object[] given = arguments.bind("range", "/start", "/stop?", "/step?");
        long first = whole(given[0], 0);
        return given[1] == null ? new Range(0, first, 1) : new Range(first, whole(given[1], 0), whole(given[2], 1));
    }

    private static long whole(@Nullable Object value, long missing) {
        return value == null ? missing : Types.whole(value, "range");
    }

    private static Object raise(Arguments arguments) {
        Object message = arguments.bind("raise_exception", "message")[0];
        throw new PythonError("the template refuses: " + Text.str(message == null ? None.NONE : message));
    }

    private static Object dict(Arguments arguments) {
        Dict.Builder dict = new Dict.Builder();
        pairs("dict", arguments).forEach(pair -> dict.put(pair.get(0), pair.get(1)));
        arguments.named().forEach(dict::put);
        return dict.build();
    }

    private static Map<String, Object> entries(String function, Arguments arguments) {
        Map<String, Object> entries = new LinkedHashMap<>();
        pairs(function, arguments).forEach(pair -> entries.put(Types.text(pair.get(0), function), pair.get(1)));
        entries.putAll(arguments.named());
        return entries;
    }

    /** The entries of a dict or a list of pairs, given as the only positional argument. */
    private static List<List<Object>> pairs(String function, Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            return List.of();
        }
        Object from = new Arguments(arguments.positional(), Map.of()).bind(function, "from")[0];
        if (from instanceof Dict dict) {
            return dict.entries().stream().map(entry -> entry.tuple().items()).toList();
        }
        return Iteration.items(from == null ? None.NONE : from).stream().map(Iteration::items).peek(pair -> {
            if (pair.size() != 2) {
                throw new PythonError(
                        function + " needs pairs of a key and a value, and got " + pair.size() + " items; give two");
            }
        }).toList();
    }
}
