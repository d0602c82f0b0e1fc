package io.moe4j.chattemplate.python;

import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic. Whole numbers have 64 bits here; a result with more is refused. */
public final class Arithmetic {

    private Arithmetic() {}

    /** The value of an operator with two operands. */
    public static Object apply(String operator, Object a, Object b) {
        Undefined.defined(a);
        if (!operator.equals("%") || !Types.isText(a)) {
            Undefined.defined(b);
        }
        if (Types.isNumber(a) && Types.isNumber(b)) {
            return numbers(operator, a, b);
        }
        return switch (operator) {
            case "+" -> sum(a, b);
            case "*" -> Types.isWhole(b) ? repeated(a, Types.whole(b, ""))
                    : Types.isWhole(a) ? repeated(b, Types.whole(a, ""))
                            : refused(operator, a, b);
            case "%" -> switch (a) {
                case String text -> PercentFormat.format(text, b);
                case Markup markup -> new Markup(PercentFormat.format(markup.text(), b));
                default -> refused(operator, a, b);
            };
            default -> refused(operator, a, b);
        };
    }

    private static Object refused(String operator, Object a, Object b) {
        throw new PythonError("\"" + operator + "\" does not go with values of the types " + Types.name(a) + " and "
                + Types.name(b) + "; change one of them, as with the filters string and int");
    }

    private static Object numbers(String operator, Object a, Object b) {
        if (!Types.isWhole(a) || !Types.isWhole(b) || operator.equals("/")) {
            return real(operator, real(a), real(b));
        }
        long left = Types.whole(a, "");
        long right = Types.whole(b, "");
        try {
            return switch (operator) {
                case "+" -> Math.addExact(left, right);
                case "-" -> Math.subtractExact(left, right);
                case "*" -> Math.multiplyExact(left, right);
                case "//" -> Math.floorDivExact(left, nonZero(right));
                case "%" -> Math.floorMod(left, nonZero(right));
                case "**" -> right < 0 ? (Object) real("**", left, right) : power(left, right);
                default -> throw new IllegalArgumentException(operator);
            };
        } catch (ArithmeticException e) {
            throw new PythonError("the result of " + left + " " + operator + " " + right
                    + " has more than 64 bits; use smaller numbers, or 1.0 times them");
        }
    }

    private static long power(long base, long exponent) {
        long result = 1;
        if (base == 0 || base == 1 || base == -1) {
            return exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base;
        }
        for (long i = 0; i < exponent; i++) {
            result = Math.multiplyExact(result, base);
        }
        return result;
    }

    private static long nonZero(long divisor) {
        if (divisor == 0) {
            throw divisionByZero();
        }
        return divisor;
    }

    private static PythonError divisionByZero() {
        return new PythonError("a number is divided by zero; test the divisor");
    }

    private static double real(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw divisionByZero();
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> floorDivided(a, b);
            case "%" -> modulo(a, b);
            case "**" -> power(a, b);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static double power(double a, double b) {
        if (a == 0 && b < 0) {
            throw divisionByZero();
        }
        double result = a == 1 ? 1 : Math.pow(a, b);
        if (Double.isNaN(result) && !Double.isNaN(a) && !Double.isNaN(b)) {
            throw new PythonError(a + " ** " + b + " is no real number; use a positive base");
        }
        if (Double.isInfinite(result) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
            throw new PythonError(a + " ** " + b + " is too large; use smaller numbers");
        }
        return result;
    }

    /** The remainder with the divisor's sign. */
    private static double modulo(double a, double b) {
        double remainder = a % b;
        if (remainder == 0) {
            return Math.copySign(0.0, b);
        }
        return (b < 0) == (remainder < 0) ? remainder : remainder + b;
    }

    private static double floorDivided(double a, double b) {
        double remainder = a % b;
        double quotient = (a - remainder) / b;
        if (remainder != 0 && (b < 0) != (remainder < 0)) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, a / b);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    /** A number as one with a fraction. */
    static double real(Object value) {
        return value instanceof Double number ? number : Types.whole(value, "arithmetic");
    }

    private static Object sum(Object a, Object b) {
        if (a instanceof String left && b instanceof String right) {
            Text.checkLength((long) left.length() + right.length());
            return left + right;
        }
        if (Types.isText(a) && Types.isText(b)) {
            return new Markup(Markup.escaped(a).text() + Markup.escaped(b).text());
        }
        if (a instanceof PyList left && b instanceof PyList right) {
            return PyList.of(joined(left.items(), right.items()));
        }
        if (a instanceof Tuple left && b instanceof Tuple right) {
            return Tuple.of(joined(left.items(), right.items()));
        }
        return refused("+", a, b);
    }

    private static List<Object> joined(List<Object> a, List<Object> b) {
        List<Object> all = new ArrayList<>(a);
        all.addAll(b);
        return all;
    }

    private static Object repeated(Object value, long given) {
        long times = Math.max(0, given);
        return switch (value) {
            case String text -> repeated(text, times);
            case Markup markup -> new Markup(repeated(markup.text(), times));
            case PyList list -> PyList.of(repeated(list.items(), times));
            case Tuple tuple -> Tuple.of(repeated(tuple.items(), times));
            default -> refused("*", value, given);
        };
    }

    private static String repeated(String text, long times) {
        if (text.isEmpty()) {
            return "";
        }
        Text.checkLength(Math.min(times, Integer.MAX_VALUE) * text.length());
        return text.repeat((int) times);
    }

    private static List<Object> repeated(List<Object> items, long times) {
        List<Object> all = new ArrayList<>();
        for (long i = 0; i < times && !items.isEmpty(); i++) {
            if (all.size() > Container.MOST) {
                throw new PythonError("a list would have more than " + Container.MOST + " items; make fewer");
            }
            all.addAll(items);
        }
        return all;
    }

    /** A number with another sign, or the same. */
    public static Object signed(String sign, Object value) {
        Undefined.defined(value);
        if (!Types.isNumber(value)) {
            throw new PythonError(
                    "the sign \"" + sign + "\" is for numbers, and here is a value of the type " + Types.name(value));
        }
        if (value instanceof Double number) {
            return sign.equals("-") ? -number : number;
        }
        return sign.equals("-") ? numbers("-", 0L, value) : (Object) Types.whole(value, "");
    }
}
