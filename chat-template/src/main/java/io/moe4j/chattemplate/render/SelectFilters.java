package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Generator;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Types;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Filters that apply a filter or a test to each item, when it is asked for. */
final class SelectFilters {
    static final Set<String> NAMES = Set.of("map", "select", "reject", "selectattr", "rejectattr");

    private final Library library;

    SelectFilters(Library library) {
        this.library = library;
    }

    Object apply(String name, Object value, Arguments arguments) {
        if (!Truth.of(value)) {
            return new Generator(Collections.emptyIterator());
        }
        // As in Jinja, arguments are checked only when the first item is asked for.
        return new Generator(switch (name) {
            case "map" -> new Lazy(() -> mapped(Iteration.iterator(value), mapping(arguments)));
            case "select", "reject" -> new Lazy(() -> selected(Iteration.iterator(value),
                    passing(item -> item, arguments.positional(), arguments.named()), name.equals("select")));
            default -> new Lazy(
                    () -> selected(Iteration.iterator(value), byAttribute(name, arguments), name.equals("selectattr")));
        });
    }

    private static Iterator<Object> mapped(Iterator<Object> items, Function<Object, Object> change) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                return change.apply(items.next());
            }
        };
    }

    private static Iterator<Object> selected(Iterator<Object> items, Predicate<Object> test, boolean wanted) {
        return new Filtered(items, item -> test.test(item) == wanted);
    }

    private Function<Object, Object> mapping(Arguments arguments) {
        List<Object> given = arguments.positional();
        Object attribute = arguments.named().get("attribute");
        if (given.isEmpty() && attribute != null) {
            Map<String, Object> others = new HashMap<>(arguments.named());
            @Nullable Object missing = others.remove("default");
            others.remove("attribute");
            if (!others.isEmpty()) {
                throw new PythonError(
                        "map takes attribute and default, and not " + others.keySet() + "; leave them out");
            }
            AttributePath path = AttributePath.of(attribute);
            return item -> path.of(item, missing);
        }
        if (given.isEmpty()) {
            throw new PythonError("map needs the name of a filter, or attribute=\"name\"; give one");
        }
        String filter = Types.text(given.getFirst(), "map");
        Arguments rest = new Arguments(given.subList(1, given.size()), arguments.named());
        return item -> library.filter(filter, item, rest);
    }

    private Predicate<Object> byAttribute(String name, Arguments arguments) {
        List<Object> given = arguments.positional();
        if (given.isEmpty()) {
            throw new PythonError(name + " needs the name of an attribute; give it");
        }
        AttributePath path = AttributePath.of(given.getFirst());
        return passing(item -> path.of(item, null), given.subList(1, given.size()), arguments.named());
    }

    private Predicate<Object> passing(Function<Object, Object> of, List<Object> test, Map<String, Object> named) {
        if (test.isEmpty()) {
            return item -> Truth.of(of.apply(item));
        }
        String name = Types.text(test.getFirst(), "select");
        Arguments rest = new Arguments(test.subList(1, test.size()), named);
        return item -> library.test(name, of.apply(item), rest);
    }
}
