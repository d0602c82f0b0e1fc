package io.moe4j.chattemplate.python;

import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Python's range, with at most {@link #MOST} numbers. */
public record Range(long from, long to, long step) {
    /** The same limit as in Jinja's sandbox. */
    private static final long MOST = 100_000;

    /** A range. */
    public Range {
        if (step == 0) {
            throw new PythonError("a range has the step 0; give another");
        }
        if (size(from, to, step) > MOST) {
            throw new PythonError("a range has " + size(from, to, step) + " numbers; at most " + MOST + " are allowed");
        }
    }

    private static long size(long from, long to, long step) {
        double count = Math.ceil(((double) to - from) / step);
        return Math.max(0, (long) count);
    }

    /** How many numbers it has. */
    public int size() {
        return (int) size(from, to, step);
    }

    /** Its numbers. */
    public List<Object> items() {
        return numbers().toList();
    }

    /** Its numbers, one by one. */
    Stream<Object> numbers() {
        return LongStream.range(0, size()).mapToObj(i -> from + i * step);
    }
}
