package io.moe4j.chattemplate.python;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;

/** Python's equality, order and {@code in}. */
public final class Comparison {

    private Comparison() {}

    /** Whether two values are equal in Python: 1, 1.0 and True are. */
    @SuppressWarnings("ReferenceEquality") // what is left is only equal to itself
    public static boolean equal(Object a, Object b) {
        if (Types.isNumber(a) && Types.isNumber(b)) {
            return !isNan(a) && !isNan(b) && compareNumbers(a, b) == 0;
        }
        if (Types.isText(a) && Types.isText(b)) {
            return Text.str(a).equals(Text.str(b));
        }
        return switch (a) {
            case PyList list when b instanceof PyList other -> equalItems(list.items(), other.items());
            case Tuple tuple when b instanceof Tuple other -> equalItems(tuple.items(), other.items());
            case Range range when b instanceof Range other -> range.items().equals(other.items());
            case Dict dict when b instanceof Dict other -> equalDicts(dict, other);
            case Undefined missing -> b instanceof Undefined;
            case View view when b instanceof View other -> !view.kind().equals("dict_values")
                    && !other.kind().equals("dict_values")
                    && view.items().size() == other.items().size()
                    && view.items().stream().allMatch(item -> contains(other, item));
            default -> a == b;
        };
    }

    private static boolean equalItems(List<Object> a, List<Object> b) {
        if (a.size() != b.size()) {
            return false;
        }
        Iterator<Object> other = b.iterator();
        return a.stream().allMatch(item -> same(item, other.next()));
    }

    /** Items of containers are also equal if they are the same object: nan is found in a list that contains it. */
    @SuppressWarnings("ReferenceEquality") // as in Python
    private static boolean same(Object a, Object b) {
        return a == b || equal(a, b);
    }

    private static boolean equalDicts(Dict a, Dict b) {
        return a.size() == b.size() && a.entries().stream().allMatch(entry -> {
            Object other = b.get(entry.key());
            return other != null && same(entry.value(), other);
        });
    }

    /** Negative, zero or positive, as a is less than, equal to, or greater than b. */
    public static int order(Object a, Object b, String operator) {
        Undefined.defined(a);
        Undefined.defined(b);
        if (Types.isNumber(a) && Types.isNumber(b)) {
            return compareNumbers(a, b);
        }
        if (Types.isText(a) && Types.isText(b)) {
            return orderTexts(Text.str(a), Text.str(b));
        }
        if (a instanceof PyList list && b instanceof PyList other) {
            return orderItems(list.items(), other.items(), operator);
        }
        if (a instanceof Tuple tuple && b instanceof Tuple other) {
            return orderItems(tuple.items(), other.items(), operator);
        }
        throw new PythonError(
                "\"" + operator + "\" does not compare a value of the type " + Types.name(a) + " with one of "
                        + Types.name(b) + "; compare numbers with numbers, and texts with texts");
    }

    /** Whether a number is nan, which cannot be ordered. */
    public static boolean isNan(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    private static int compareNumbers(Object a, Object b) {
        if (Types.isWhole(a) && Types.isWhole(b)) {
            return Long.compare(Types.whole(a, ""), Types.whole(b, ""));
        }
        double left = Arithmetic.real(a);
        double right = Arithmetic.real(b);
        if (Double.isInfinite(left) || Double.isInfinite(right) || Double.isNaN(left) || Double.isNaN(right)) {
            return left < right ? -1 : left > right ? 1 : 0;
        }
        return exact(a).compareTo(exact(b));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double number ? new BigDecimal(number) : BigDecimal.valueOf(Types.whole(value, ""));
    }

    /** By code points, which differs from the order of UTF-16 units. */
    private static int orderTexts(String a, String b) {
        int at = 0;
        while (at < a.length() && at < b.length() && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        if (at == a.length() || at == b.length()) {
            return Integer.compare(a.length(), b.length());
        }
        char left = a.charAt(at);
        char right = b.charAt(at);
        boolean leftPair = Character.isSurrogate(left);
        return leftPair == Character.isSurrogate(right) ? Character.compare(left, right) : leftPair ? 1 : -1;
    }

    private static int orderItems(List<Object> a, List<Object> b, String operator) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!same(a.get(i), b.get(i))) {
                return order(a.get(i), b.get(i), operator);
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    /** Python's {@code item in whole}. */
    public static boolean contains(Object whole, Object item) {
        return switch (whole) {
            case Dict dict -> dict.get(item) != null;
            case String text -> text.contains(Types.text(item, "\"in\" a text"));
            case Markup markup -> markup.text().contains(Types.text(item, "\"in\" a text"));
            case Generator generator -> {
                while (generator.items().hasNext()) {
                    if (same(generator.items().next(), item)) {
                        yield true;
                    }
                }
                yield false;
            }
            default -> Iteration.items(whole).stream().anyMatch(each -> same(each, item));
        };
    }
}
