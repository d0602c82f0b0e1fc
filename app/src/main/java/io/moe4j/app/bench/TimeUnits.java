package io.moe4j.app.bench;

/**
 * A unit of time.
 *
 * @param symbol such as {@code ms}
 * @param inSecond how many of them are a second
 */
record TimeUnits(String symbol, double inSecond) {
    private static final double SMALLEST = 10;

    /** The largest unit of which {@code seconds} has at least ten, or microseconds. */
    static TimeUnits of(double seconds) {
        return seconds >= SMALLEST ? new TimeUnits("s", 1)
                : seconds >= SMALLEST / 1e3 ? new TimeUnits("ms", 1e3) : new TimeUnits("us", 1e6);
    }
}
