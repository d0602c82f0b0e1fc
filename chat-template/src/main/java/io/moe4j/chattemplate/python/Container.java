package io.moe4j.chattemplate.python;

/**
 * A list, tuple or dict. It is immutable, so it never contains itself. A template could repeatedly put a list twice into a new one, so that a few lines make
 * more items than fit into memory. Each container therefore knows its total number of nested items, which is limited.
 */
public sealed interface Container permits PyList, Tuple, Dict {
    /** The largest number of items of a container, nested ones included. */
    long MOST = 1L << 22;
    /** The largest depth of nested containers. */
    int DEEPEST = 200;

    /** The number of items, nested ones included; a text counts one more for each 64 characters. */
    long weight();

    /** The depth of nested containers: 1 if no item is a container. */
    int depth();

    /** The weight with one more item. */
    static long weightWith(long weight, Object item) {
        long sum = weight + 1 + switch (item) {
            case Container container -> container.weight();
            case String text -> text.length() / 64;
            case Markup markup -> markup.text().length() / 64;
            default -> 0;
        };
        if (sum > MOST) {
            throw new PythonError(
                    "a list or dict would have more than " + MOST + " items, with those of its items; make fewer");
        }
        return sum;
    }

    /** The depth with one more item. */
    static int depthWith(int depth, Object item) {
        int more = item instanceof Container container ? Math.max(depth, container.depth() + 1) : depth;
        if (more > DEEPEST) {
            throw new PythonError(
                    "lists and dicts would be in each other " + more + " deep; at most " + DEEPEST + " are");
        }
        return more;
    }
}
