package io.moe4j.app.cli;

import io.moe4j.api.Shown;
import tools.jackson.databind.json.JsonMapper;

/** Writes the JSON that commands print with {@code --json}, so that no value changes when it is encoded as UTF-8. */
final class JsonOutput {

    private JsonOutput() {}

    /** On one line. */
    static String line(Object value) {
        return Shown.json(JsonMapper.shared().writeValueAsString(value));
    }

    /** On several lines, for people too. */
    static String pretty(Object value) {
        return Shown.json(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(value));
    }
}
