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

    /** Python's {@code of[from:to:step]}; each of the three may be {@link None}. */
    public static Object slice(Object of, Object from, Object to, Object step) {
        if (!isSequence(Undefined.defined(of))) {
            throw new PythonError("a value of the type " + Types.name(of) + " has no slices; give a list or a text");
        }
        if (!isBound(from) || !isBound(to) || !isBound(step)) {
            throw new PythonError("the bounds of a slice are whole numbers, or missing; write it like value[1:3]");
        }
        long size = Iteration.size(of).orElse(0);
        long by = step == None.NONE ? 1 : Types.index(step, "a slice");
        if (by == 0) {
            throw new PythonError("a slice has the step 0; give another");
        }
        long begin = bound(from, by > 0 ? 0 : size - 1, size, by);
        long end = bound(to, by > 0 ? size : -1, size, by);
        return switch (of) {
            case String text -> text(text, begin, end, by);
            case Markup markup -> new Markup(text(markup.text(), begin, end, by));
            case Tuple tuple -> Tuple.of(items(tuple.items(), begin, end, by));
            case Range range -> new Range(range.from() + begin * range.step(), range.from() + end * range.step(),
                    range.step() * by);
            default -> PyList.of(items(Iteration.items(of), begin, end, by));
        };
    }

    private static List<Object> items(List<Object> items, long begin, long end, long by) {
        List<Object> taken = new ArrayList<>();
        for (long i = begin; by > 0 ? i < end : i > end; i += by) {
            taken.add(items.get((int) i));
        }
        return taken;
    }

    private static String text(String text, long begin, long end, long by) {
        if (by == 1) {
            return CodePoints.slice(text, (int) begin, (int) Math.max(begin, end));
        }
        int[] all = text.codePoints().toArray();
        StringBuilder taken = new StringBuilder();
        for (long i = begin; by > 0 ? i < end : i > end; i += by) {
            taken.appendCodePoint(all[(int) i]);
        }
        return taken.toString();
    }

    private static boolean isBound(Object value) {
        return value == None.NONE || Types.isWhole(value);
    }

    /** A bound of a slice as an index from the start, limited to the ends. */
    private static long bound(Object value, long missing, long size, long step) {
        if (value == None.NONE) {
            return missing;
        }
        long index = Types.index(value, "a slice");
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? size : size - 1;
        return Math.clamp(index < 0 ? index + size : index, low, high);
    }

    /** An optional index as one from the start, limited to the ends; a negative one counts from the end. */
    static int clamped(@Nullable Object value, int missing, int size) {
        if (value == null || value == None.NONE) {
            return missing;
        }
        int index = Types.index(value, "a position");
        return Math.clamp((long) (index < 0 ? index + size : index), 0, size);
    }
}
