package io.moe4j.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

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

    /** All of the string; empty if it is longer than what is kept. */
    Optional<String> whole() {
        return length == start.length ? Optional.empty()
                : Optional.of(new String(start, 0, length, StandardCharsets.UTF_8));
    }

    boolean is(byte[] other) {
        return Arrays.equals(start, 0, length, other, 0, other.length);
    }
}
