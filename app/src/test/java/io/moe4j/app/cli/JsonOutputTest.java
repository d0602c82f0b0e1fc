package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class JsonOutputTest {

    /** UTF-8 has no halves of characters; a whole one, here U+1F600, is written as it is. */
    @Test
    void whatIsPrintedHasTheSameValuesWhenItIsReadAgain() {
        Map<String, String> object = Map.of("text", "a\ud800b \udc00\ud83d\ude00\\ud800 \u00e9");
        for (String json : new String[] {JsonOutput.line(object), JsonOutput.pretty(object)}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (PrintWriter out = new PrintWriter(bytes, true, StandardCharsets.UTF_8)) {
                out.println(json);
            }
            String printed = bytes.toString(StandardCharsets.UTF_8);
            assertEquals(object, JsonMapper.shared().readValue(printed, Map.class), printed);
        }
        assertEquals("{\"text\":\"\\ud800\ud83d\ude00\"}",
                JsonOutput.line(Map.of("text", "\ud800\ud83d\ude00")));
    }
}
