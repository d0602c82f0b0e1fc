package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Container;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.Markup;
import io.moe4j.chattemplate.python.PyList;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.View;
import java.util.Locale;

/**
 * Limits the cost of one rendering, in units of about 16 bytes of memory or 50 ns: one unit for each computed value, for each 64 characters that are read,
 * and for each 8 that are made. A conversation of a million characters costs less than a million units. So no template runs for more than a few seconds, or
 * takes more than 0.5 GiB of memory.
 */
public final class Budget {
    private static final long MOST = 1L << 25;
    private static final int DEEPEST = 100;

    private long spent;
    private int depth;

    /** Spends units; throws if the budget is used up. */
    void spend(long units) {
        spent += units;
        if (spent > MOST) {
            throw new PythonError(String.format(Locale.ROOT,
                    "the template needs more than %,d steps, for values, characters and items; see whether a loop has too many rounds",
                    MOST));
        }
    }

    /** Spends units for a value whose characters or items are read, and returns it. */
    Object read(Object value) {
        spend(switch (value) {
            case String text -> text.length() / 64;
            case Markup markup -> markup.text().length() / 64;
            default -> Iteration.size(value).orElse(0) / 16;
        });
        return value;
    }

    /** Spends units for a value that is compared with all nested items, and returns it. */
    Object compared(Object value) {
        if (value instanceof Container container) {
            spend(container.weight() / 16);
        }
        return read(value);
    }

    /** Spends units for a new text, or a new list of existing items, and returns it. */
    Object made(Object value) {
        spend(switch (value) {
            case String text -> text.length() / 8;
            case Markup markup -> markup.text().length() / 8;
            case Container container -> Iteration.size(container).orElse(0) / 4;
            default -> 0;
        });
        return value;
    }

    /** Spends units for a new value whose items may be new too, and returns it. */
    Object fresh(Object value) {
        if (value instanceof PyList list) {
            spend(3L * list.items().size());
            list.items().forEach(this::made);
        } else if (value instanceof View view) {
            spend(3L * view.items().size());
        }
        return made(value);
    }

    /** Enters a macro. */
    void enter() {
        if (++depth > DEEPEST) {
            throw new PythonError(
                    "macros call each other " + depth + " deep; at most " + DEEPEST + " may, so see whether one ends");
        }
    }

    /** Leaves a macro. */
    void leave() {
        depth--;
    }
}
