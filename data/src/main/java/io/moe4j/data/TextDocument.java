package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** A file that is one document. */
final class TextDocument implements DocumentReader {
    private static final int LOOK_AHEAD = 4096;
    private static final String END = "end";

    private final String name;
    private final InputStream text;
    private final Reading reading;
    private boolean taken;

    TextDocument(String name, Content content, String position, Reading reading) throws IOException {
        this.name = name;
        this.reading = reading;
        if (!position.isEmpty() && !position.equals(END)) {
            throw new InputException(
                    name + " has no position \"" + position + "\": it is one text; it was another kind of"
                            + " file when the checkpoint was written");
        }
        taken = !position.isEmpty();
        text = new BufferedInputStream(content.open(), 1 << 16);
    }

    @Override
    public Optional<Document> next() throws IOException {
        if (taken) {
            return Optional.empty();
        }
        text.mark(LOOK_AHEAD);
        byte[] beginning = text.readNBytes(LOOK_AHEAD);
        text.reset();
        int mark = ByteInput.ByteOrderMark.length(name, beginning, beginning.length);
        text.skipNBytes(mark);
        for (byte value : beginning) {
            // Nearly every binary file has a zero byte near its beginning.
            if (value == 0) {
                throw new InputException(name + " is not text: it has a zero byte among its first " + LOOK_AHEAD
                        + "; give text files, or remove it from the data");
            }
        }
        taken = true;
        return Optional.of(Document.of(new Utf8Input(name, text, mark, reading)));
    }

    @Override
    public String position() {
        return taken ? END : "";
    }

    @Override
    public void checkHead() throws IOException {
        Optional<Document> document = next();
        if (document.isPresent()) {
            document.get().text().readNBytes(LOOK_AHEAD);
        }
    }

    @Override
    public String where() {
        return name;
    }

    @Override
    public void close() throws IOException {
        text.close();
    }
}
