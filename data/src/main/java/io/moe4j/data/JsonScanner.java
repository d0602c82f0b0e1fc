package io.moe4j.data;

import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Reads the wanted texts of each JSON object, and checks the rest without keeping it: a line may be larger than memory. Accepts JSON in UTF-8, and also the
 * {@code NaN}, {@code Infinity} and {@code -Infinity} that Python writes.
 */
final class JsonScanner {
    private static final int DEEPEST = 512;
    /** Bytes of a key that an error can name. */
    private static final int LONGEST_NAMED = 40;
    /** Keys that an error names. */
    private static final int MOST_NAMED = 6;

    private final ByteInput in;
    private final List<Field> fields;
    private final List<byte[]> keys;
    private final StringStart start;
    private final JsonStrings strings;
    /** Keys with a text that is not wanted, for the error about one that is. */
    private final List<String> otherTexts = new ArrayList<>();

    /**
     * A key whose text is wanted.
     *
     * @param key the key
     * @param text receives the texts
     * @param required whether each object must have it
     */
    record Field(String key, Spool text, boolean required) {}

    /** Reads from {@code in}. */
    JsonScanner(ByteInput in, List<Field> fields) {
        this.in = in;
        this.fields = List.copyOf(fields);
        strings = new JsonStrings(in);
        keys = fields.stream().map(field -> field.key().getBytes(StandardCharsets.UTF_8)).toList();
        start = new StringStart(keys.stream().mapToInt(key -> key.length).reduce(LONGEST_NAMED, Math::max));
    }

    /** Number of unpaired surrogates that were replaced in the last text. */
    long loneSurrogates() {
        return strings.loneSurrogates();
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
        strings.forgetSurrogates();
        otherTexts.clear();
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
                    boolean absent = !fields.get(field).required() && blanks() == 'n'; // null, as pandas and datasets write it
                    other[field] |= !text(fields.get(field).text()) && !absent;
                } else {
                    if (blanks() == '"' && otherTexts.size() < MOST_NAMED) {
                        start.whole().ifPresent(otherTexts::add);
                    }
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

    private void require(Field field, int found, boolean other) throws JsonProblem {
        if (found > 1) {
            throw JsonProblem.content("has the key \"" + Shown.of(field.key()) + "\" " + found + " times");
        }
        if (other || (found == 0 && field.required())) {
            throw JsonProblem.content("has no string \"" + Shown.of(field.key()) + "\""
                    + (otherTexts.isEmpty() ? ""
                            : otherTexts.stream().map(key -> "\"" + Shown.of(key) + "\"")
                                    .collect(Collectors.joining(", ", ", but ", "")))
                    + (field.required()
                            ? "; data.text_field says which key has the text, or text_field of its source (data.sources.NAME, validation)"
                            : ""));
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
        strings.read(spool);
        return true;
    }

    /** Checks that only white space is left before the end of the line, or of the input. */
    void end() throws IOException, JsonProblem {
        int value = blanks();
        if (value != ByteInput.END) {
            throw JsonProblem.syntax("it ends, and then comes " + JsonProblem.shown(value));
        }
    }

    /** Reads a key and its colon; the index of the wanted field that has this key, or -1. */
    private int key() throws IOException, JsonProblem {
        expect(blanks(), '"', "a key in quotes");
        start.clear();
        strings.read(start);
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
            throw JsonProblem.syntax("a comma or " + JsonProblem.shown(close) + " was expected, and "
                    + JsonProblem.shown(value) + " found");
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
                strings.skip();
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
            throw JsonProblem.syntax("a value or a digit was expected, and " + JsonProblem.shown(in.peek()) + " found");
        }
        while (isDigit(in.peek())) {
            in.take();
        }
    }

    private void expect(int value, int wanted, String name) throws IOException, JsonProblem {
        if (value != wanted) {
            throw JsonProblem.syntax(name + " was expected, and " + JsonProblem.shown(value) + " found");
        }
        in.take();
    }

    private static boolean isDigit(int value) {
        return value >= '0' && value <= '9';
    }
}
