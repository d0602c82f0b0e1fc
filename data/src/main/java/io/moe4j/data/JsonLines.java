package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A document in the key {@code text} of each line. Blank lines are passed over. */
final class JsonLines implements Documents {
    private static final String KEY = "text";

    private final String name;
    private final BufferedReader lines;
    private final JsonMapper json = JsonMapper.builder().build();
    private long number;

    JsonLines(String name, BufferedReader lines) {
        this.name = name;
        this.lines = lines;
    }

    @Override
    public Optional<InputStream> next() throws IOException {
        String line = lines.readLine();
        number++;
        while (line != null && line.isBlank()) {
            line = lines.readLine();
            number++;
        }
        return line == null ? Optional.empty()
                : Optional.of(new ByteArrayInputStream(text(line).getBytes(StandardCharsets.UTF_8)));
    }

    private String text(String line) {
        try {
            JsonNode text = json.readTree(line).path(KEY);
            if (text.isString()) {
                return text.stringValue();
            }
            throw new InputException(name + ", line " + number + " has no string \"" + KEY
                    + "\"; each line must be an object such as {\"" + KEY + "\": \"a document\"}");
        } catch (JacksonException e) {
            throw new InputException(name + ", line " + number + " is not JSON: " + e.getOriginalMessage()
                    + "; each line must be an object such as {\"" + KEY + "\": \"a document\"}");
        }
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
