package io.moe4j.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads strings of JSON: bytes of UTF-8, which are checked, and escapes. An unpaired surrogate becomes U+FFFD, and is counted if the string is a text. */
final class JsonStrings {
    private static final int REPLACEMENT = 0xFFFD;

    private final ByteInput in;
    private long loneSurrogates;

    JsonStrings(ByteInput in) {
        this.in = in;
    }

    /** Receives the bytes of a string. */
    @FunctionalInterface
    interface Sink {
        void put(byte value) throws IOException;
    }

    /** Number of unpaired surrogates that were replaced in texts since {@link #forgetSurrogates}. */
    long loneSurrogates() {
        return loneSurrogates;
    }

    void forgetSurrogates() {
        loneSurrogates = 0;
    }

    /** Checks the rest of a string that is not wanted, including its closing quote. */
    void skip() throws IOException, JsonProblem {
        string(null);
    }

    /** Reads the rest of a string, including its closing quote. */
    void read(Sink sink) throws IOException, JsonProblem {
        string(sink);
    }

    private void string(@Nullable Sink sink) throws IOException, JsonProblem {
        while (true) {
            int value = in.take();
            if (value == '"') {
                return;
            } else if (value == '\\') {
                escape(sink);
            } else if (value == ByteInput.END) {
                throw JsonProblem.syntax("it ends inside a string");
            } else if (value < ' ') {
                throw JsonProblem
                        .syntax("a string has " + JsonProblem.shown(value) + ", which must be written as an escape");
            } else {
                put(sink, value);
                if (value >= 0x80) {
                    continuation(value, sink);
                }
            }
        }
    }

    /** Reads the bytes of a character after its first, and checks them as UTF-8 requires: no overlong forms, no surrogates. */
    private void continuation(int first, @Nullable Sink sink) throws IOException, JsonProblem {
        int more = first >= 0xC2 && first <= 0xDF ? 1 : (first & 0xF0) == 0xE0 ? 2 : first >= 0xF0 && first <= 0xF4 ? 3
                : 0;
        int least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        int most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        for (int i = 0; i < Math.max(1, more); i++) {
            int value = in.peek();
            if (more == 0 || value < least || value > most) {
                throw JsonProblem.syntax("a string is not UTF-8: " + JsonProblem.shown(first)
                        + (more == 0 ? " begins no character" : " is followed by " + JsonProblem.shown(value)));
            }
            in.take();
            put(sink, value);
            least = 0x80;
            most = 0xBF;
        }
    }

    private void escape(@Nullable Sink sink) throws IOException, JsonProblem {
        int value = in.take();
        switch (value) {
            case '"', '\\', '/' -> put(sink, value);
            case 'b' -> put(sink, '\b');
            case 'f' -> put(sink, '\f');
            case 'n' -> put(sink, '\n');
            case 'r' -> put(sink, '\r');
            case 't' -> put(sink, '\t');
            case 'u' -> unicode(hex(), sink);
            default -> throw JsonProblem.syntax("a string has the escape \\ with " + JsonProblem.shown(value));
        }
    }

    /** Reads a character from its escape, or from the escapes of its two surrogates. */
    private void unicode(int unit, @Nullable Sink sink) throws IOException, JsonProblem {
        int first = unit;
        while (Character.isHighSurrogate((char) first) && in.peek() == '\\') {
            in.take();
            if (in.peek() != 'u') {
                putCharacter(sink, REPLACEMENT);
                loneSurrogates += isText(sink) ? 1 : 0;
                escape(sink);
                return;
            }
            in.take();
            int second = hex();
            if (Character.isLowSurrogate((char) second)) {
                putCharacter(sink, Character.toCodePoint((char) first, (char) second));
                return;
            }
            putCharacter(sink, REPLACEMENT);
            loneSurrogates += isText(sink) ? 1 : 0;
            first = second;
        }
        boolean lone = Character.isSurrogate((char) first);
        putCharacter(sink, lone ? REPLACEMENT : first);
        loneSurrogates += lone && isText(sink) ? 1 : 0;
    }

    private static boolean isText(@Nullable Sink sink) {
        return sink instanceof Spool;
    }

    private int hex() throws IOException, JsonProblem {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            int value = in.take();
            int digit = value < 0 || value > 0x7F ? -1 : Character.digit(value, 16);
            if (digit < 0) {
                throw JsonProblem
                        .syntax("the escape \\u needs four digits of base 16, and has " + JsonProblem.shown(value));
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private static void putCharacter(@Nullable Sink sink, int character) throws IOException {
        for (byte value : Character.toString(character).getBytes(StandardCharsets.UTF_8)) {
            put(sink, value);
        }
    }

    private static void put(@Nullable Sink sink, int value) throws IOException {
        if (sink != null) {
            sink.put((byte) value);
        }
    }
}
