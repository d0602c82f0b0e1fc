package io.moe4j.chattemplate.python;

import java.math.BigDecimal;
import java.math.MathContext;

/** Numbers with a fraction, as Python writes them: the shortest decimal that reads as the same number. */
public final class Floats {

    private Floats() {}

    /** {@code 1.0}, {@code 0.1}, {@code 1e-05}, {@code 1e+16}, {@code inf}, {@code nan}. */
    public static String repr(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal decimal = shortest(Math.abs(value));
        String digits = decimal.unscaledValue().toString();
        // The value is 0.DIGITS times ten to this.
        int point = digits.length() - decimal.scale();
        String sign = value < 0 ? "-" : "";
        if (point > 16 || point < -3) {
            return sign + exponential(digits, point - 1);
        }
        if (point <= 0) {
            return sign + "0." + "0".repeat(-point) + digits;
        }
        return point >= digits.length() ? sign + digits + "0".repeat(point - digits.length()) + ".0"
                : sign + digits.substring(0, point) + "." + digits.substring(point);
    }

    /** Java writes at least two digits, where one may be enough: 4.9E-324 for 5e-324. */
    private static BigDecimal shortest(double value) {
        BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        BigDecimal shorter = decimal.round(new MathContext(1));
        return decimal.precision() == 2 && shorter.doubleValue() == value ? shorter : decimal;
    }

    private static String exponential(String digits, int exponent) {
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        String power = Integer.toString(Math.abs(exponent));
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (power.length() < 2 ? "0" : "") + power;
    }
}
