package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * The key {@code text} of each object is a document. Objects stand one in each line, where blank lines are skipped; or in one JSON file, as a list or
 * one after another.
 */
final class JsonDocuments implements Documents {
    private final String name;
    private final ByteInput in;
    private final boolean byLine;
    private final Reading reading;
    private final Spool text = new Spool();
    private final JsonScanner scanner;
    private boolean started;
    private boolean inList;
    private long number;

    /**
     * Begins to read.
     *
     * @param byLine whether each line has an object
     */
    JsonDocuments(String name, InputStream in, boolean byLine, Reading reading) throws IOException {
        this.name = name;
        this.in = new ByteInput(name, in, byLine);
        this.byLine = byLine;
        this.reading = reading;
        scanner = new JsonScanner(this.in, text);
    }

    @Override
    public Optional<InputStream> next() throws IOException {
        while (byLine ? lineFollows() : valueFollows()) {
            try {
                scanner.document();
                if (byLine) {
                    scanner.end();
                }
                reading.document(scanner.loneSurrogates());
                return Optional.of(text.content());
            } catch (JsonProblem problem) {
                if (!byLine && problem.isSyntax()) {
                    throw Reading.refusal(where(), problem);
                }
                reading.badLine(where(), problem);
            }
        }
        return Optional.empty();
    }

    @Override
    public void checkHead() throws IOException {
        if (reading.badLines() == BadLines.FAIL) {
            next();
        }
    }

    @Override
    public String where() {
        return name + (byLine ? ", line " + in.line() : ", value " + number);
    }

    @Override
    public void close() throws IOException {
        try (text; in) {
            started = true;
        }
    }

    /** Goes to the next line that is not blank. */
    private boolean lineFollows() throws IOException {
        while (!started || in.nextLine()) {
            started = true;
            if (scanner.blanks() != ByteInput.END) {
                return true;
            }
            if (in.isAtEnd()) {
                return false;
            }
        }
        return false;
    }

    /** Goes to the next value of the list, or to the next one in the file. */
    private boolean valueFollows() throws IOException {
        int next = scanner.blanks();
        number++;
        if (!started && next == '[') {
            in.take();
            started = true;
            inList = scanner.blanks() != ']';
            if (!inList) {
                in.take();
                requireEnd();
            }
            return inList;
        }
        boolean first = !started;
        started = true;
        if (first || (next == ByteInput.END && !inList)) {
            return next != ByteInput.END;
        }
        if (!inList) {
            return true;
        }
        if (next == ',') {
            in.take();
            return true;
        }
        if (next != ']') {
            throw Reading.refusal(where(), JsonProblem.syntax("a comma or the list's end was expected before it"));
        }
        in.take();
        inList = false;
        requireEnd();
        return false;
    }

    private void requireEnd() throws IOException {
        try {
            scanner.end();
        } catch (JsonProblem problem) {
            throw Reading.refusal(where(), problem);
        }
    }
}
