package io.moe4j.data;

import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the wanted texts of each JSON object, checks the rest of it, and keeps only the texts: a line may be larger than memory. Accepts JSON in
 * UTF-8, and also the {@code NaN}, {@code Infinity} and {@code -Infinity} that Python writes.
 */
final class JsonScanner {
    private static final int DEEPEST = 512;
    private static final int REPLACEMENT = 0xFFFD;

    private final ByteInput in;
    private final List<Field> fields;
    private final List<byte[]> keys;
    private final Start start;
    private long loneSurrogates;

    /**
     * A key whose text is wanted.
     *
     * @param key it
     * @param text receives the texts
     * @param required whether each object must have it
     */
    record Field(String key, Spool text, boolean required) {}

    /** Reads from {@code in}. */
    JsonScanner(ByteInput in, List<Field> fields) {
        this.in = in;
        this.fields = List.copyOf(fields);
        keys = fields.stream().map(field -> field.key().getBytes(StandardCharsets.UTF_8)).toList();
        start = new Start(keys.stream().mapToInt(key -> key.length).max().orElse(0));
    }

    /** Number of unpaired surrogates that were replaced in the last text. */
    long loneSurrogates() {
        return loneSurrogates;
    }

    /** Skips white space; returns the byte after it. */
    int blanks() throws IOException {
        int value = in.peek();
        while (value == ' ' || value == '\t' || value == '\r' || value == '\n') {
            in.take();
            value = in.peek();
        }
        return value;
    }

    /** Reads one value, and its texts. */
    void document() throws IOException, JsonProblem {
        loneSurrogates = 0;
        int[] found = new int[fields.size()];
        boolean[] other = new boolean[fields.size()];
        for (Field field : fields) {
            field.text().clear();
        }
        if (blanks() == '{') {
            in.take();
            for (boolean more = blanks() != '}'; more; more = follows('}')) {
                int field = key();
                if (field >= 0) {
                    found[field]++;
                    other[field] |= !text(fields.get(field).text());
                } else {
                    value(1);
                }
            }
            in.take();
        } else {
            value(0);
        }
        for (int i = 0; i < found.length; i++) {
            require(fields.get(i), found[i], other[i]);
        }
    }

    private static void require(Field field, int found, boolean other) throws JsonProblem {
        if (found > 1) {
            throw JsonProblem.content("has the key \"" + Shown.of(field.key()) + "\" " + found + " times");
        }
        if (other || (found == 0 && field.required())) {
            throw JsonProblem.content("has no string \"" + Shown.of(field.key()) + "\"");
        }
    }

    /** Reads a value; false if it is not a text. */
    private boolean text(Spool spool) throws IOException, JsonProblem {
        if (blanks() != '"') {
            value(1);
            return false;
        }
        in.take();
        spool.clear();
        string(spool);
        return true;
    }

    /** Checks that only white space is left before the end of the line, or of the input. */
    void end() throws IOException, JsonProblem {
        int value = blanks();
        if (value != ByteInput.END) {
            throw JsonProblem.syntax("it ends, and then comes " + shown(value));
        }
    }

    /** Reads a key and its colon; the index of the wanted field that has this key, or -1. */
    private int key() throws IOException, JsonProblem {
        expect(blanks(), '"', "a key in quotes");
        start.clear();
        string(start);
        expect(blanks(), ':', "a colon");
        for (int i = 0; i < fields.size(); i++) {
            if (start.is(keys.get(i))) {
                return i;
            }
        }
        return -1;
    }

    /** Whether a comma follows an element; false at the closing bracket, which is not taken. */
    private boolean follows(int close) throws IOException, JsonProblem {
        int value = blanks();
        if (value == ',') {
            in.take();
            return true;
        }
        if (value != close) {
            throw JsonProblem.syntax("a comma or " + shown(close) + " was expected, and " + shown(value) + " found");
        }
        return false;
    }

    private void value(int depth) throws IOException, JsonProblem {
        int first = blanks();
        if (depth > DEEPEST && (first == '{' || first == '[')) {
            throw JsonProblem.syntax("it is nested deeper than " + DEEPEST + " levels");
        }
        switch (first) {
            case '{' -> {
                in.take();
                for (boolean more = blanks() != '}'; more; more = follows('}')) {
                    key();
                    value(depth + 1);
                }
                in.take();
            }
            case '[' -> {
                in.take();
                for (boolean more = blanks() != ']'; more; more = follows(']')) {
                    value(depth + 1);
                }
                in.take();
            }
            case '"' -> {
                in.take();
                string(null);
            }
            case 't' -> word("true");
            case 'f' -> word("false");
            case 'n' -> word("null");
            case 'N' -> word("NaN");
            case 'I' -> word("Infinity");
            case '-' -> {
                in.take();
                if (in.peek() == 'I') {
                    word("Infinity");
                } else {
                    number();
                }
            }
            default -> number();
        }
    }

    private void word(String word) throws IOException, JsonProblem {
        for (int i = 0; i < word.length(); i++) {
            expect(in.peek(), word.charAt(i), word);
        }
    }

    private void number() throws IOException, JsonProblem {
        if (in.peek() == '0') {
            in.take();
        } else {
            digits();
        }
        if (in.peek() == '.') {
            in.take();
            digits();
        }
        if (in.peek() == 'e' || in.peek() == 'E') {
            in.take();
            if (in.peek() == '+' || in.peek() == '-') {
                in.take();
            }
            digits();
        }
    }

    private void digits() throws IOException, JsonProblem {
        if (!isDigit(in.peek())) {
            throw JsonProblem.syntax("a value or a digit was expected, and " + shown(in.peek()) + " found");
        }
        while (isDigit(in.peek())) {
            in.take();
        }
    }

    /** Reads the rest of a string, including its closing quote. */
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
                throw JsonProblem.syntax("a string has " + shown(value) + ", which must be written as an escape");
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
                throw JsonProblem.syntax("a string is not UTF-8: " + shown(first)
                        + (more == 0 ? " begins no character" : " is followed by " + shown(value)));
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
            default -> throw JsonProblem.syntax("a string has the escape \\ with " + shown(value));
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
                throw JsonProblem.syntax("the escape \\u needs four digits of base 16, and has " + shown(value));
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private void expect(int value, int wanted, String name) throws IOException, JsonProblem {
        if (value != wanted) {
            throw JsonProblem.syntax(name + " was expected, and " + shown(value) + " found");
        }
        in.take();
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

    private static boolean isDigit(int value) {
        return value >= '0' && value <= '9';
    }

    /** For example, {@code x}, {@code byte 0xff}. */
    private static String shown(int value) {
        return value == ByteInput.END ? "nothing"
                : value > ' ' && value < 0x7F ? Character.toString(value) : "byte 0x" + Integer.toHexString(value);
    }

    /** Receives the bytes of a string. */
    @FunctionalInterface
    interface Sink {
        void put(byte value) throws IOException;
    }

    /** The beginning of a string: enough to compare it with the keys that are wanted. */
    private static final class Start implements Sink {
        private final byte[] start;
        private int length;

        private Start(int longest) {
            start = new byte[longest + 1];
        }

        @Override
        public void put(byte value) {
            if (length < start.length) {
                start[length++] = value;
            }
        }

        private void clear() {
            length = 0;
        }

        private boolean is(byte[] other) {
            return Arrays.equals(start, 0, length, other, 0, other.length);
        }
    }
}
