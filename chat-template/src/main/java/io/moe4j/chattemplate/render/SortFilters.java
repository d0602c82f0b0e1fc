package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Arithmetic;
import io.moe4j.chattemplate.python.Comparison;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Generator;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.PyList;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Filters that sort items, or reduce them to one value. */
final class SortFilters {

    private SortFilters() {}

    static Library.@Nullable Filter find(String name) {
        return switch (name) {
            case "sort" -> SortFilters::sort;
            case "dictsort" -> SortFilters::dictSort;
            case "unique" -> SortFilters::unique;
            case "min" -> (value, arguments) -> extreme(name, value, arguments, -1);
            case "max" -> (value, arguments) -> extreme(name, value, arguments, 1);
            case "sum" -> SortFilters::sum;
            case "join" -> SortFilters::join;
            default -> null;
        };
    }

    private static boolean isTrue(@Nullable Object value) {
        return value != null && Truth.of(value);
    }

    private static UnaryOperator<Object> key(@Nullable Object caseSensitive, @Nullable Object attribute) {
        AttributePath path = AttributePath.of(attribute);
        return isTrue(caseSensitive) ? item -> path.of(item, null)
                : item -> ListFilters.withoutCase(path.of(item, null));
    }

    /** Equal items keep their order, even with {@code reverse}. */
    private static List<Object> sorted(List<Object> items, UnaryOperator<Object> key, boolean reverse) {
        Comparator<Object[]> order = (a, b) -> Comparison.order(a[1], b[1], "<");
        List<Object[]> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(new Object[] {item, key.apply(item)}));
        try {
            keyed.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) {
            throw new PythonError("numbers that are none (nan) have no order; leave them out");
        }
        return keyed.stream().map(each -> each[0]).toList();
    }

    private static Object sort(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("sort", "reverse?", "case_sensitive?", "attribute?");
        List<UnaryOperator<Object>> keys = given[2] == null || !Types.isText(given[2])
                ? List.of(key(given[1], given[2]))
                : Arrays.stream(Text.str(given[2]).split(",", -1)).map(each -> key(given[1], each)).toList();
        UnaryOperator<Object> key = item -> PyList.of(keys.stream().map(each -> each.apply(item)).toList());
        return PyList.of(sorted(Iteration.items(value), key, isTrue(given[0])));
    }

    private static Object dictSort(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("dictsort", "case_sensitive?", "by?", "reverse?");
        String by = given[1] == null ? "key" : Text.str(given[1]);
        if (!by.equals("key") && !by.equals("value")) {
            throw new PythonError("dictsort sorts by \"key\" or \"value\", and not by \"" + by + "\"");
        }
        if (!(Undefined.defined(value) instanceof Dict dict)) {
            throw new PythonError(
                    "dictsort needs a dict, and got a value of the type " + Types.name(value) + "; use sort");
        }
        List<Object> pairs = dict.entries().stream().<Object>map(Dict.Entry::tuple).toList();
        return PyList.of(sorted(pairs, key(given[0], by.equals("key") ? 0L : 1L), isTrue(given[2])));
    }

    private static Object unique(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("unique", "case_sensitive?", "attribute?");
        UnaryOperator<Object> key = key(given[0], given[1]);
        Dict.Builder seen = new Dict.Builder();
        return new Generator(
                new Lazy(() -> new Filtered(Iteration.iterator(value), item -> seen.add(key.apply(item)))));
    }

    private static Object extreme(String name, Object value, Arguments arguments, int sign) {
        @Nullable Object[] given = arguments.bind(name, "case_sensitive?", "attribute?");
        UnaryOperator<Object> key = key(given[0], given[1]);
        Iterator<Object> items = Iteration.iterator(value);
        if (!items.hasNext()) {
            return Undefined.missing("an empty list has no " + name);
        }
        Object best = items.next();
        Object bestKey = key.apply(best);
        while (items.hasNext()) {
            Object item = items.next();
            Object itemKey = key.apply(item);
            if (Comparison.order(itemKey, bestKey, sign < 0 ? "<" : ">") * sign > 0) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    private static Object sum(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("sum", "attribute?", "start?");
        AttributePath path = AttributePath.of(given[0]);
        Object sum = given[1] == null ? 0L : given[1];
        if (Types.isText(sum)) {
            throw new PythonError("sum adds no texts; use the filter join");
        }
        for (Iterator<Object> items = Iteration.iterator(value); items.hasNext();) {
            sum = Arithmetic.apply("+", sum, path.of(items.next(), null));
        }
        return sum;
    }

    private static Object join(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("join", "d?", "attribute?");
        AttributePath path = AttributePath.of(given[1]);
        List<Object> items = new ArrayList<>();
        Iteration.iterator(value).forEachRemaining(item -> items.add(path.of(item, null)));
        return TextFilters.joined(given[0] == null ? "" : given[0], items);
    }
}
