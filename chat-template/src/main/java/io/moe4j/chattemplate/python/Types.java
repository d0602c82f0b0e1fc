package io.moe4j.chattemplate.python;

/** Names of types as in Python's messages, and checked conversions. */
public final class Types {

    private Types() {}

    /** The name of a value's type. */
    public static String name(Object value) {
        return switch (value) {
            case None none -> "NoneType";
            case String text -> "str";
            case Markup markup -> "Markup";
            case Boolean bool -> "bool";
            case Long number -> "int";
            case Double number -> "float";
            case PyList list -> "list";
            case Tuple tuple -> "tuple";
            case Dict dict -> "dict";
            case Range range -> "range";
            case View view -> view.kind();
            case Generator generator -> "generator";
            case Undefined missing -> "Undefined";
            case Function function -> "function";
            default -> value.getClass().getSimpleName();
        };
    }

    /** Whether it is a whole number; booleans are. */
    public static boolean isWhole(Object value) {
        return value instanceof Long || value instanceof Boolean;
    }

    /** Whether it is a number; booleans are. */
    public static boolean isNumber(Object value) {
        return isWhole(value) || value instanceof Double;
    }

    /** Whether it is a text. */
    public static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /** The value as a text, marked or not; another type is an error. */
    public static String text(Object value, String use) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined missing -> throw missing.error();
            default -> throw new PythonError(use + " needs a text, and got a value of the type " + name(value));
        };
    }

    /** The value as a whole number; another type is an error. */
    public static long whole(Object value, String use) {
        return switch (value) {
            case Long number -> number;
            case Boolean bool -> bool ? 1 : 0;
            case Undefined missing -> throw missing.error();
            default -> throw new PythonError(use + " needs a whole number, and got a value of the type " + name(value));
        };
    }

    /** The value as an index; a number outside the range of int becomes the nearest one in it. */
    public static int index(Object value, String use) {
        return Math.clamp(whole(value, use), -Integer.MAX_VALUE, Integer.MAX_VALUE);
    }
}
