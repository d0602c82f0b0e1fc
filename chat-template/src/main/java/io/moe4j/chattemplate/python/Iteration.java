package io.moe4j.chattemplate.python;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** Iteration over values that have items. */
public final class Iteration {

    private Iteration() {}

    /** Whether it has items. */
    public static boolean isIterable(Object value) {
        return value instanceof Generator || value instanceof Undefined || size(value).isPresent();
    }

    /** An iterator over the items: characters of a text, keys of a dict. */
    public static Iterator<Object> iterator(Object value) {
        return switch (value) {
            case Generator generator -> generator.items();
            case Range range -> range.numbers().iterator();
            case String text -> characters(text).iterator();
            case Markup markup -> characters(markup.text()).iterator();
            default -> items(value).iterator();
        };
    }

    /** All items. */
    public static List<Object> items(Object value) {
        return switch (value) {
            case PyList list -> list.items();
            case Tuple tuple -> tuple.items();
            case Dict dict -> dict.keys();
            case Range range -> range.items();
            case View view -> view.items();
            case String text -> {
                if (text.length() > Container.MOST) {
                    throw new PythonError("a text of " + text.length()
                            + " characters is too long for a list of them; make it shorter");
                }
                yield characters(text).toList();
            }
            case Markup markup -> items(markup.text());
            case Undefined missing -> List.of();
            case Generator generator -> drained(generator);
            default -> throw new PythonError("a value of the type " + Types.name(value)
                    + " has no items; give a list, a dict or a text");
        };
    }

    private static Stream<Object> characters(String text) {
        return text.codePoints().mapToObj(Character::toString);
    }

    private static List<Object> drained(Generator generator) {
        List<Object> all = new ArrayList<>();
        generator.items().forEachRemaining(all::add);
        return all;
    }

    /** The number of its items; empty if it is unknown. */
    public static OptionalInt size(Object value) {
        return switch (value) {
            case PyList list -> OptionalInt.of(list.items().size());
            case Tuple tuple -> OptionalInt.of(tuple.items().size());
            case Dict dict -> OptionalInt.of(dict.size());
            case Range range -> OptionalInt.of(range.size());
            case View view -> OptionalInt.of(view.items().size());
            case String text -> OptionalInt.of(text.codePointCount(0, text.length()));
            case Markup markup -> size(markup.text());
            case Undefined missing -> OptionalInt.of(0);
            default -> OptionalInt.empty();
        };
    }
}
