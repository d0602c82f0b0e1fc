package io.moe4j.chattemplate.python;

/**
 * A list, tuple or dict. It cannot change, so it never has itself inside. A template could put a list twice into another, again and again: a few lines
 * would make more items than memory has. So each knows its items, with those of the items, and none has too many.
 */
public sealed interface Container permits PyList, Tuple, Dict {
    /** How many items a container has, with those of its items. */
    long MOST = 1L << 22;
    /** How deep containers are in each other. */
    int DEEPEST = 200;

    /** Items, with those of the items; a text among them counts one more for each 64 characters. */
    long weight();

    /** How deep containers are in each other: 1 where no item is one. */
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
