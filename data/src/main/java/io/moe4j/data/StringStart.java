package io.moe4j.data;

import java.util.Arrays;

/** The beginning of a string: enough to compare it with the keys that are wanted. */
final class StringStart implements JsonStrings.Sink {
    private final byte[] start;
    private int length;

    StringStart(int longest) {
        start = new byte[longest + 1];
    }

    @Override
    public void put(byte value) {
        if (length < start.length) {
            start[length++] = value;
        }
    }

    void clear() {
        length = 0;
    }

    boolean is(byte[] other) {
        return Arrays.equals(start, 0, length, other, 0, other.length);
    }
}
