package io.moe4j.chattemplate.python;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers with a given number of digits, rounded from their exact value, ties to even, as in Python. */
final class NumberText {

    private NumberText() {}

    /**
     * A number that is not negative.
     *
     * @param form {@code f}, {@code e} or {@code g}
     * @param digits number of digits after the point; for {@code g}, of all significant digits
     * @param keepsZeros whether {@code g} keeps zeros at the end
     */
    static String of(double value, char form, int digits, boolean keepsZeros) {
        Text.checkLength(digits);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.isNaN(value) ? "nan" : "inf";
        }
        BigDecimal exact = new BigDecimal(value);
        return switch (form) {
            case 'f' -> exact.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
            case 'e' -> exponential(exact, digits);
            default -> general(exact, Math.max(1, digits), keepsZeros);
        };
    }

    private static String exponential(BigDecimal exact, int digits) {
        if (exact.signum() == 0) {
            return (digits == 0 ? "0" : "0." + "0".repeat(digits)) + "e+00";
        }
        BigDecimal rounded = exact.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
        String all = rounded.unscaledValue().toString();
        int exponent = all.length() - 1 - rounded.scale();
        String padded = all + "0".repeat(Math.max(0, digits + 1 - all.length()));
        String mantissa = padded.substring(0, 1) + (digits == 0 ? "" : "." + padded.substring(1, digits + 1));
        return mantissa + "e" + String.format(Locale.ROOT, "%+03d", exponent);
    }

    private static String general(BigDecimal exact, int digits, boolean keepsZeros) {
        BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
        if (exponent < -4 || exponent >= digits) {
            String text = exponential(exact, digits - 1);
            int e = text.indexOf('e');
            return (keepsZeros ? text.substring(0, e) : withoutZeros(text.substring(0, e))) + text.substring(e);
        }
        String text = rounded.setScale(Math.max(0, digits - 1 - exponent), RoundingMode.HALF_EVEN).toPlainString();
        return keepsZeros ? text : withoutZeros(text);
    }

    private static String withoutZeros(String text) {
        if (text.indexOf('.') < 0) {
            return text;
        }
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
    }
}
