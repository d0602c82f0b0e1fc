package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Arithmetic;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Strip;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters whose result is a number. */
final class NumberFilters {
    private static final Pattern REAL = Pattern
            .compile("[+-]?(\\d+(_\\d+)*\\.?(\\d+(_\\d+)*)?|\\.\\d+(_\\d+)*)(e[+-]?\\d+(_\\d+)*)?");
    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9a-z]+(_[0-9a-z]+)*");

    private NumberFilters() {}

    static Library.@Nullable Filter find(String name) {
        return switch (name) {
            case "int" -> NumberFilters::whole;
            case "float" -> (value, arguments) -> {
                Object missing = arguments.bind(name, "default?")[0];
                Undefined.defined(value);
                Optional<Double> number = real(value);
                return number.isPresent() ? (Object) number.get() : missing == null ? 0.0 : missing;
            };
            case "abs" -> (value, arguments) -> {
                arguments.bind(name);
                Object number = Arithmetic.signed("+", value);
                return number instanceof Double real ? (Object) Math.abs(real)
                        : (Long) number < 0 ? Arithmetic.signed("-", number) : number;
            };
            case "round" -> NumberFilters::round;
            default -> null;
        };
    }

    private static Object whole(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("int", "default?", "base?");
        Object missing = given[0] == null ? 0L : given[0];
        Undefined.defined(value);
        if (Types.isWhole(value)) {
            return Types.whole(value, "int");
        }
        Optional<Long> parsed = Types.isText(value)
                ? parsed(Text.str(value), given[1] == null ? 10 : Types.whole(given[1], "int"))
                : Optional.empty();
        if (parsed.isPresent()) {
            return parsed.get();
        }
        if (value instanceof Double number && number.isInfinite()) {
            throw new PythonError("an infinite number is no whole number; test it first");
        }
        Optional<Double> real = real(value).filter(number -> !number.isNaN() && !number.isInfinite());
        if (real.isEmpty()) {
            return missing;
        }
        if (Math.abs(real.get()) >= 0x1p63) {
            throw new PythonError("the whole number of " + real.get() + " has more than 64 bits; use a smaller one");
        }
        return real.get().longValue();
    }

    private static Optional<Long> parsed(String text, long base) {
        String digits = Strip.both(text, null).toLowerCase(Locale.ROOT);
        if (!WHOLE.matcher(digits).matches() || base < 0 || base == 1 || base > 36) {
            return Optional.empty();
        }
        boolean negative = digits.startsWith("-");
        String plain = digits.replaceFirst("^[+-]", "");
        int prefixed = plain.startsWith("0x") ? 16 : plain.startsWith("0o") ? 8 : plain.startsWith("0b") ? 2 : 0;
        boolean hasPrefix = prefixed > 0 && (base == prefixed || base == 0);
        if (base == 0 && !hasPrefix && plain.startsWith("0") && !plain.replace("_", "").matches("0+")) {
            return Optional.empty();
        }
        String number = (hasPrefix ? plain.substring(plain.startsWith("_", 2) ? 3 : 2) : plain).replace("_", "");
        try {
            BigInteger value = new BigInteger(number, hasPrefix ? prefixed : base == 0 ? 10 : (int) base);
            return Optional.of((negative ? value.negate() : value).longValueExact());
        } catch (NumberFormatException e) {
            return Optional.empty();
        } catch (ArithmeticException e) {
            throw new PythonError("the whole number " + digits + " has more than 64 bits; use a smaller one");
        }
    }

    private static Optional<Double> real(Object value) {
        if (value instanceof Double number) {
            return Optional.of(number);
        }
        if (Types.isWhole(value)) {
            return Optional.of((double) Types.whole(value, "float"));
        }
        if (!Types.isText(value)) {
            return Optional.empty();
        }
        String text = Strip.both(Text.str(value), null).toLowerCase(Locale.ROOT);
        String sign = text.startsWith("-") ? "-" : "";
        return switch (text.replaceFirst("^[+-]", "")) {
            case "inf", "infinity" -> Optional.of(Double.valueOf(sign + "Infinity"));
            case "nan" -> Optional.of(Double.NaN);
            default -> REAL.matcher(text).matches() ? Optional.of(Double.valueOf(text.replace("_", "")))
                    : Optional.empty();
        };
    }

    private static Object round(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("round", "precision?", "method?");
        Object precision = given[0] == null ? 0L : given[0];
        String method = given[1] == null ? "common" : Text.str(given[1]);
        if (!Types.isNumber(Undefined.defined(value))) {
            throw new PythonError("round needs a number, and got a value of the type " + Types.name(value)
                    + "; use the filter float");
        }
        return switch (method) {
            case "common" -> Types.isWhole(value)
                    ? (Object) rounded(BigDecimal.valueOf(Types.whole(value, "")), Types.index(precision, "round"))
                            .longValue()
                    : common((Double) value, Types.index(precision, "round"));
            case "ceil", "floor" -> {
                Object power = Arithmetic.apply("**", 10L, precision);
                Object scaled = Arithmetic.apply("*", value, power);
                double real = scaled instanceof Double number ? number : ((Long) scaled).doubleValue();
                double turned = method.equals("ceil") ? Math.ceil(real) : Math.floor(real);
                Object whole = Types.isWhole(scaled) ? scaled : (Object) turned;
                yield Arithmetic.apply("/", whole, power);
            }
            default -> throw new PythonError("round has no method \"" + method + "\"; use common, ceil or floor");
        };
    }

    private static BigDecimal rounded(BigDecimal exact, int precision) {
        return precision >= exact.scale() ? exact : exact.setScale(Math.max(precision, -400), RoundingMode.HALF_EVEN);
    }

    private static Object common(double value, int precision) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return value;
        }
        return Math.copySign(rounded(new BigDecimal(value), precision).doubleValue(), value);
    }

    /** Whether an argument is missing or None. */
    static boolean isMissing(@Nullable Object value) {
        return value == null || value == None.NONE;
    }
}
