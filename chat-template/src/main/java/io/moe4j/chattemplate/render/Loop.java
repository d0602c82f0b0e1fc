package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Attributed;
import io.moe4j.chattemplate.python.Comparison;
import io.moe4j.chattemplate.python.Function;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Tuple;
import io.moe4j.chattemplate.python.Undefined;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A running loop: the variable {@code loop} of its body. It asks for an item only when the body needs it. */
final class Loop implements Attributed {
    private Iterator<Object> items;
    private OptionalInt length;
    private long index = -1;
    private Object before = None.NONE;
    private Object current = None.NONE;
    private @Nullable Object after;
    private @Nullable Object changed;

    Loop(Iterator<Object> items, OptionalInt length) {
        this.items = items;
        this.length = length;
    }

    /** Goes to the next item; false if there is none. */
    boolean next() {
        Object next = peek();
        if (next == null) {
            return false;
        }
        after = null;
        index++;
        before = current;
        current = next;
        return true;
    }

    Object current() {
        return current;
    }

    private @Nullable Object peek() {
        if (after == null && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    private long length() {
        if (length.isEmpty()) {
            List<Object> rest = new ArrayList<>();
            items.forEachRemaining(rest::add);
            items = rest.iterator();
            length = OptionalInt.of(rest.size() + (int) index + 1 + (after == null ? 0 : 1));
        }
        return length.getAsInt();
    }

    /** In Python, a loop has a length, so that testing it asks for all items. */
    @Override
    public boolean isTrue() {
        return length() > 0;
    }

    @Override
    public String shown() {
        return "<LoopContext " + (index + 1) + "/" + length() + ">";
    }

    @Override
    public @Nullable Object attribute(String name) {
        return switch (name) {
            case "index" -> index + 1;
            case "index0" -> index;
            case "revindex" -> length() - index;
            case "revindex0" -> length() - index - 1;
            case "first" -> index == 0;
            case "last" -> peek() == null;
            case "length" -> length();
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> index == 0 ? Undefined.missing("there is no previous item") : before;
            case "nextitem" -> {
                Object next = peek();
                yield next == null ? Undefined.missing("there is no next item") : next;
            }
            case "cycle" -> (Function) this::cycle;
            case "changed" -> (Function) this::changed;
            default -> null;
        };
    }

    private Object cycle(Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new PythonError("loop.cycle needs values to choose from; give at least one");
        }
        return arguments.positional().get((int) (index % arguments.positional().size()));
    }

    private Object changed(Arguments arguments) {
        Tuple values = Tuple.of(arguments.positional());
        boolean differs = changed == null || !Comparison.equal(changed, values);
        changed = values;
        return differs;
    }
}
