package io.moe4j.chattemplate.python;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Items at an index or key, and slices. */
public final class Subscripts {

    private Subscripts() {}

    /** The item at a key; null if there is none, or no such key. */
    public static @Nullable Object item(Object of, Object key) {
        if (of instanceof Dict dict) {
            return key instanceof PyList || key instanceof Dict ? null : dict.get(key);
        }
        if (!Types.isWhole(key) || !isSequence(of)) {
            return null;
        }
        OptionalInt size = Iteration.size(of);
        long index = Types.whole(key, "");
        long at = index < 0 ? index + size.orElse(0) : index;
        if (at < 0 || at >= size.orElse(0)) {
            return null;
        }
        return switch (of) {
            case String text -> CodePoints.slice(text, (int) at, (int) at + 1);
            case Markup markup -> new Markup(CodePoints.slice(markup.text(), (int) at, (int) at + 1));
            default -> Iteration.items(of).get((int) at);
        };
    }

    /** Whether it has items at indices. */
    public static boolean isSequence(Object value) {
        return Types.isText(value) || value instanceof PyList || value instanceof Tuple || value instanceof Range;
    }

    /**
     * Python's {@code of[from:to:step]}; each of the three may be {@link None}. Null if there are no slices of it.
     */
    public static @Nullable Object slice(Object of, Object from, Object to, Object step) {
        boolean bounds = isBound(from) && isBound(to) && isBound(step);
        if (!isSequence(of) || !bounds) {
            return null;
        }
        long size = Iteration.size(of).orElse(0);
        long by = step == None.NONE ? 1 : Types.index(step, "a slice");
        if (by == 0) {
            throw new PythonError("a slice has the step 0; give another");
        }
        long begin = bound(from, by > 0 ? 0 : size - 1, size, by);
        long end = bound(to, by > 0 ? size : -1, size, by);
        if (of instanceof String text && by == 1) {
            return CodePoints.slice(text, (int) begin, (int) Math.max(begin, end));
        }
        List<Object> items = Iteration.items(of);
        List<Object> taken = new ArrayList<>();
        for (long i = begin; by > 0 ? i < end : i > end; i += by) {
            taken.add(items.get((int) i));
        }
        return switch (of) {
            case String text -> joined(taken);
            case Markup markup -> new Markup(joined(taken));
            case Tuple tuple -> Tuple.of(taken);
            case Range range -> new Range(range.from() + begin * range.step(), range.from() + end * range.step(),
                    range.step() * by);
            default -> PyList.of(taken);
        };
    }

    private static boolean isBound(Object value) {
        return value == None.NONE || Types.isWhole(value);
    }

    /** An index from the end is one from the start, and none is beyond the ends. */
    private static long bound(Object value, long missing, long size, long step) {
        if (value == None.NONE) {
            return missing;
        }
        long index = Types.index(value, "a slice");
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? size : size - 1;
        return Math.clamp(index < 0 ? index + size : index, low, high);
    }

    private static String joined(List<Object> characters) {
        StringBuilder all = new StringBuilder();
        characters.forEach(each -> all.append(Text.str(each)));
        return all.toString();
    }

    /** An optional index, from the end if it is negative, and not beyond the ends. */
    static int clamped(@Nullable Object value, int missing, int size) {
        if (value == null || value == None.NONE) {
            return missing;
        }
        int index = Types.index(value, "a position");
        return Math.clamp((long) (index < 0 ? index + size : index), 0, size);
    }
}
