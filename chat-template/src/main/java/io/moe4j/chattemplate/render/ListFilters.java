package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Container;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Generator;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.Markup;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PyList;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Subscripts;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Filters about the items of a list or dict. */
final class ListFilters {

    private ListFilters() {}

    static Library.@Nullable Filter find(String name) {
        return switch (name) {
            case "list" -> (value, arguments) -> {
                arguments.bind(name);
                return PyList.of(Iteration.items(value));
            };
            case "length", "count" -> (value, arguments) -> {
                arguments.bind(name);
                return (long) Iteration.size(value)
                        .orElseThrow(() -> new PythonError("a value of the type " + Types.name(value)
                                + " has no length; give a list, a dict or a text"));
            };
            case "default", "d" -> ListFilters::orDefault;
            case "items" -> (value, arguments) -> new Generator(new Lazy(() -> pairs(value).iterator()));
            case "first" -> (value, arguments) -> {
                Iterator<Object> items = Iteration.iterator(value);
                return items.hasNext() ? items.next() : Undefined.missing("an empty list has no first item");
            };
            case "last" -> ListFilters::last;
            case "reverse" -> (value, arguments) -> reversed(value);
            case "batch" -> ListFilters::batch;
            case "slice" -> ListFilters::slice;
            default -> null;
        };
    }

    private static Object orDefault(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("default", "default_value?", "boolean?");
        boolean missing = value instanceof Undefined || (given[1] != null && Truth.of(given[1]) && !Truth.of(value));
        return !missing ? value : given[0] == null ? "" : given[0];
    }

    private static List<Object> pairs(Object value) {
        if (value instanceof Undefined) {
            return List.of();
        }
        if (!(value instanceof Dict dict)) {
            throw new PythonError("a value of the type " + Types.name(value) + " has no pairs; give a dict");
        }
        return dict.entries().stream().<Object>map(Dict.Entry::tuple).toList();
    }

    private static Object last(Object value, Arguments arguments) {
        arguments.bind("last");
        if (value instanceof Generator) {
            throw new PythonError("the last of what is computed one by one is not known; use the filter list before");
        }
        List<Object> items = Iteration.items(value);
        return items.isEmpty() ? Undefined.missing("an empty list has no last item") : items.getLast();
    }

    private static Object reversed(Object value) {
        if (Types.isText(value)) {
            return Subscripts.slice(value, None.NONE, None.NONE, -1L);
        }
        List<Object> items = new ArrayList<>(Iteration.items(value));
        Collections.reverse(items);
        return value instanceof Generator ? PyList.of(items) : new Generator(items.iterator());
    }

    private static Object batch(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("batch", "linecount", "fill_with?");
        long size = Types.whole(arguments.required("batch", "linecount", "fill_with?"), "batch");
        List<Object> batches = new ArrayList<>();
        List<Object> open = new ArrayList<>();
        for (Object item : Iteration.items(value)) {
            if (open.size() == size) {
                batches.add(PyList.of(open));
                open.clear();
            }
            open.add(item);
        }
        if (!open.isEmpty()) {
            fill(open, given[1], size);
            batches.add(PyList.of(open));
        }
        return new Generator(batches.iterator());
    }

    private static void fill(List<Object> open, @Nullable Object with, long size) {
        if (with == null || with == None.NONE) {
            return;
        }
        if (size > Container.MOST) {
            throw new PythonError("a batch of " + size + " items is too large; make it smaller");
        }
        while (open.size() < size) {
            open.add(with);
        }
    }

    private static Object slice(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("slice", "slices", "fill_with?");
        long slices = Types.whole(arguments.required("slice", "slices", "fill_with?"), "slice");
        List<Object> items = Iteration.items(value);
        if (slices == 0 || slices > Container.MOST) {
            throw new PythonError("a list cannot be divided into " + slices + " slices; give a number from 1");
        }
        List<Object> all = new ArrayList<>();
        long each = items.size() / slices;
        long longer = items.size() % slices;
        int at = 0;
        for (long i = 0; i < slices; i++) {
            int end = at + (int) each + (i < longer ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(at, end));
            if (!NumberFilters.isMissing(given[1]) && given[1] != null && i >= longer) {
                part.add(given[1]);
            }
            all.add(PyList.of(part));
            at = end;
        }
        return new Generator(all.iterator());
    }

    /** Lower case, if it is a text. */
    static Object withoutCase(Object value) {
        return value instanceof String text ? text.toLowerCase(Locale.ROOT)
                : value instanceof Markup markup ? new Markup(markup.text().toLowerCase(Locale.ROOT)) : value;
    }
}
