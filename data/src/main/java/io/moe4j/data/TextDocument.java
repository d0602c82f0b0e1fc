package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** A file that is one document. */
final class TextDocument implements Documents {
    private static final int LOOK_AHEAD = 4096;

    private final String name;
    private final BufferedInputStream text;
    private final Reading reading;
    private boolean taken;

    TextDocument(String name, InputStream text, Reading reading) {
        this.name = name;
        this.text = new BufferedInputStream(text, 1 << 16);
        this.reading = reading;
    }

    @Override
    public Optional<InputStream> next() throws IOException {
        if (taken) {
            return Optional.empty();
        }
        taken = true;
        text.mark(LOOK_AHEAD);
        byte[] beginning = text.readNBytes(LOOK_AHEAD);
        text.reset();
        text.skipNBytes(ByteInput.ByteOrderMark.length(name, beginning, beginning.length));
        for (byte value : beginning) {
            // Nearly every file that is not text has a zero byte.
            if (value == 0) {
                throw new InputException(name + " is not text: it has a zero byte among its first " + LOOK_AHEAD
                        + "; give text files, or remove it from the data");
            }
        }
        reading.document(0);
        return Optional.of(text);
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
