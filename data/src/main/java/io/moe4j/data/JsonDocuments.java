package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The key {@code text} of each object is a document. A file has one object in each line, where blank lines are skipped; or its objects are in one list, or
 * one after another.
 */
final class JsonDocuments implements DocumentReader {
    private final String name;
    private final ByteInput in;
    private final boolean byLine;
    private final ReadRequest request;
    private final Spool text = new Spool();
    private final Spool prompt = new Spool();
    private final JsonScanner scanner;
    private boolean started;
    private boolean inList;
    private long number;

    private JsonDocuments(ReadRequest request, ByteInput in, boolean byLine, Start start) {
        this.name = request.input().shownName();
        this.in = in;
        this.byLine = byLine;
        this.request = request;
        started = start.started();
        inList = start.inList();
        number = start.number();
        List<JsonScanner.Field> fields = new ArrayList<>();
        if (request.messagesField().isEmpty()) {
            fields.add(new JsonScanner.Field(request.textField(), text, true));
            request.promptField().ifPresent(key -> fields.add(new JsonScanner.Field(key, prompt, false)));
        }
        scanner = new JsonScanner(in, fields);
    }

    /**
     * Opens a file.
     *
     * @param byLine whether each line has an object
     */
    static JsonDocuments open(ReadRequest request, boolean byLine) throws IOException {
        String name = request.input().shownName();
        Start start = Start.of(name, request.position());
        InputStream bytes = request.input().open(start.offset());
        try {
            ByteInput in = start.started() ? new ByteInput(bytes, byLine, start.offset(), start.number())
                    : new ByteInput(name, bytes, byLine);
            return new JsonDocuments(request, in, byLine, start);
        } catch (IOException | RuntimeException e) {
            bytes.close();
            throw e;
        }
    }

    /**
     * A position in the file.
     *
     * @param offset number of bytes before it
     * @param number number of the line, or value, that ends there
     */
    private record Start(long offset, long number, boolean inList, boolean started) {
        private static final Pattern FORM = Pattern.compile("([0-9]{1,18}):([0-9]{1,18}):([01])");

        static Start of(String name, String position) {
            if (position.isEmpty()) {
                return new Start(0, 0, false, false);
            }
            Matcher parts = FORM.matcher(position);
            if (!parts.matches()) {
                throw new InputException(name + " has no position \"" + Shown.of(position)
                        + "\": offset:line is expected; it was another kind of file when the checkpoint was written");
            }
            return new Start(Long.parseLong(parts.group(1)), Long.parseLong(parts.group(2)), parts.group(3).equals("1"),
                    true);
        }
    }

    @Override
    public Optional<Document> next() throws IOException {
        while (byLine ? lineFollows() : valueFollows()) {
            try {
                if (request.messagesField().isPresent()) {
                    return Optional.of(Document.of(object()));
                }
                scanner.document();
                if (byLine) {
                    scanner.end();
                }
                if (scanner.loneSurrogates() > 0) {
                    request.log().loneSurrogates(scanner.loneSurrogates());
                }
                Document document = Document.of(text.content());
                return Optional.of(
                        request.promptField().isPresent() ? document.withPrompt(prompt.content()) : document);
            } catch (JsonProblem problem) {
                if (!byLine && problem.isSyntax()) {
                    throw refusal(problem);
                }
                request.log().badLine(where(), String.valueOf(problem.getMessage()));
            }
        }
        return Optional.empty();
    }

    /** The bytes of the next value, which is checked to be JSON. */
    private InputStream object() throws IOException, JsonProblem {
        text.clear();
        in.copyTo(text);
        try {
            scanner.document();
        } finally {
            in.copyTo(null);
        }
        if (byLine) {
            scanner.end();
        }
        return text.content();
    }

    @Override
    public void checkHead() throws IOException {
        if (!request.log().skipsBadLines()) {
            next();
        }
    }

    @Override
    public String position() {
        return started ? in.offset() + ":" + (byLine ? in.line() : number) + ":" + (inList ? 1 : 0) : "";
    }

    @Override
    public String where() {
        return name + (byLine ? ", line " + in.line() : ", value " + number);
    }

    @Override
    public void close() throws IOException {
        try (text; prompt; in) {
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
            throw refusal(JsonProblem.syntax("a comma or the list's end was expected before it"));
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
            throw refusal(problem);
        }
    }

    private InputException refusal(JsonProblem problem) {
        return new InputException(where() + " " + problem.getMessage() + Reading.remedy(request.textField()), problem);
    }
}
