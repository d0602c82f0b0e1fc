package io.moe4j.report;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The objects of a file of JSON lines. A line that is not an object is counted and left out. The last line may be incomplete, because the run may still be
 * writing.
 *
 * @param read lines that were used
 * @param bad lines that could not be used, the last line not counted
 */
record Lines(long read, long bad) {

    static Lines read(Path file, Consumer<JsonNode> use) throws IOException {
        long read = 0;
        long bad = 0;
        boolean lastIsBad = false;
        // Bytes that are not UTF-8 are replaced; a line that they damage is counted.
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                bad += lastIsBad ? 1 : 0;
                lastIsBad = false;
                try {
                    JsonNode node = JsonMapper.shared().readTree(line);
                    if (node.path("step").isIntegralNumber()) {
                        use.accept(node);
                        read++;
                    } else {
                        lastIsBad = true;
                    }
                } catch (JacksonException e) {
                    lastIsBad = true;
                }
            }
        }
        return new Lines(read, bad);
    }
}
