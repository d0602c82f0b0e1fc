package io.moe4j.chattemplate.python;

/** Python's truth: everything except None, undefined values, zero and empty values is true. */
public final class Truth {

    private Truth() {}

    /** Whether a value counts as true. */
    public static boolean of(Object value) {
        return switch (value) {
            case None none -> false;
            case Boolean bool -> bool;
            case Long number -> number != 0;
            case Double number -> number != 0;
            case String text -> !text.isEmpty();
            case Markup markup -> !markup.text().isEmpty();
            case PyList list -> !list.items().isEmpty();
            case Tuple tuple -> !tuple.items().isEmpty();
            case Dict dict -> dict.size() > 0;
            case Range range -> range.size() > 0;
            case View view -> !view.items().isEmpty();
            case Undefined missing -> false;
            case Attributed own -> own.isTrue();
            default -> true;
        };
    }
}
