package io.moe4j.app.bench;

/**
 * A unit of time.
 *
 * @param symbol such as {@code ms}
 * @param inSecond how many of this unit are a second
 */
record TimeUnits(String symbol, double inSecond) {
    private static final double SMALLEST = 10;

    /** The largest unit in which {@code seconds} is at least ten; otherwise microseconds. */
    static TimeUnits of(double seconds) {
        return seconds >= SMALLEST ? new TimeUnits("s", 1)
                : seconds >= SMALLEST / 1e3 ? new TimeUnits("ms", 1e3) : new TimeUnits("us", 1e6);
    }
}
