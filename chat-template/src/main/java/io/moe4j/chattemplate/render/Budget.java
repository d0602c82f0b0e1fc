package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Container;
import io.moe4j.chattemplate.python.Markup;
import io.moe4j.chattemplate.python.PythonError;
import java.util.Locale;

/**
 * What one rendering may cost: a unit for each value that is computed, each character that is made, and each item of a list that is made. A conversation of a
 * million characters costs about ten million. So no template goes on without end, or fills the memory.
 */
public final class Budget {
    private static final long MOST = 1L << 28;
    private static final int DEEPEST = 100;

    private long spent;
    private int depth;

    /** Takes units. */
    void spend(long units) {
        spent += units;
        if (spent > MOST) {
            throw new PythonError(String.format(Locale.ROOT,
                    "the template needs more than %,d steps, characters and items; see whether a loop has too many rounds",
                    MOST));
        }
    }

    /** Takes units for a value that was made, and returns it. */
    Object made(Object value) {
        spend(switch (value) {
            case String text -> text.length() / 4;
            case Markup markup -> markup.text().length() / 4;
            case Container container -> container.weight() / 4;
            default -> 0;
        });
        return value;
    }

    /** One macro more in others. */
    void enter() {
        if (++depth > DEEPEST) {
            throw new PythonError(
                    "macros call each other " + depth + " deep; at most " + DEEPEST + " may, so see whether one ends");
        }
    }

    /** One macro less. */
    void leave() {
        depth--;
    }
}
