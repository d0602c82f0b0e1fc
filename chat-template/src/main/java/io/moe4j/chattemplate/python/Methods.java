package io.moe4j.chattemplate.python;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of Python's types. Those that would change a list or dict are refused, as in Jinja's immutable sandbox. */
public final class Methods {
    private static final Set<String> CHANGE_LISTS = Set.of("append", "clear", "pop", "reverse", "insert", "sort",
            "extend",
            "remove");
    private static final Set<String> CHANGE_DICTS = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Methods() {}

    /** A method of a value; null if its type has none of this name. */
    public static @Nullable Object find(Object of, String name) {
        return switch (of) {
            case String text -> TextMethods.find(text, name);
            case Markup markup -> ofMarkup(markup, name);
            case PyList list when CHANGE_LISTS.contains(name) -> refused("list", name);
            case PyList list when name.equals("copy") -> (Function) arguments -> list;
            case PyList list -> ofItems(list.items(), name);
            case Tuple tuple -> ofItems(tuple.items(), name);
            case Dict dict when CHANGE_DICTS.contains(name) -> refused("dict", name);
            case Dict dict -> ofDict(dict, name);
            default -> null;
        };
    }

    private static Undefined refused(String type, String method) {
        return new Undefined("a template cannot change a " + type + " with \"" + method + "\"; make a new one");
    }

    /** Methods of marked texts are those of texts, and texts in their results are marked. */
    private static @Nullable Object ofMarkup(Markup markup, String name) {
        Function method = TextMethods.find(markup.text(), name);
        return method == null ? null : (Function) arguments -> marked(method.call(arguments));
    }

    private static Object marked(Object value) {
        return switch (value) {
            case String text -> new Markup(text);
            case PyList list -> PyList.of(list.items().stream().map(Methods::marked).toList());
            case Tuple tuple -> Tuple.of(tuple.items().stream().map(Methods::marked).toList());
            default -> value;
        };
    }

    private static @Nullable Function ofItems(List<Object> items, String name) {
        return switch (name) {
            case "count" -> arguments -> {
                Object wanted = arguments.required("count", "/value");
                return items.stream().filter(item -> Comparison.equal(item, wanted)).count();
            };
            case "index" -> arguments -> index(items, arguments);
            default -> null;
        };
    }

    private static Object index(List<Object> items, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("index", "/value", "/start?", "/stop?");
        Object wanted = arguments.required("index", "/value", "/start?", "/stop?");
        int size = items.size();
        for (int i = Subscripts.clamped(given[1], 0, size); i < Subscripts.clamped(given[2], size, size); i++) {
            if (Comparison.equal(items.get(i), wanted)) {
                return (long) i;
            }
        }
        throw new PythonError("the item is not in the list; test it with \"in\" first");
    }

    private static @Nullable Function ofDict(Dict dict, String name) {
        return switch (name) {
            case "items" -> arguments -> view(arguments, "dict_items",
                    dict.entries().stream().<Object>map(Dict.Entry::tuple).toList());
            case "keys" -> arguments -> view(arguments, "dict_keys", dict.keys());
            case "values" -> arguments -> view(arguments, "dict_values", dict.values());
            case "copy" -> arguments -> dict;
            case "get" -> arguments -> {
                @Nullable Object[] given = arguments.bind("get", "/key", "/default?");
                Object value = dict.get(arguments.required("get", "/key", "/default?"));
                return value != null ? value : given[1] != null ? given[1] : None.NONE;
            };
            default -> null;
        };
    }

    private static View view(Arguments arguments, String kind, List<Object> items) {
        arguments.bind(kind);
        return new View(kind, new ArrayList<>(items));
    }
}
