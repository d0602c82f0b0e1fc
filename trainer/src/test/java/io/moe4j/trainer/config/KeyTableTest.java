package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class KeyTableTest {
    private static final String HEADING = "## All keys\n\n";

    @Test
    void theTableInTheDocumentIsTheOneOfTheCode() throws IOException {
        Path file = Path.of(Files.exists(Path.of("docs")) ? "docs" : "../docs").resolve("configuration.md");
        String document = Files.readString(file);
        int table = document.indexOf(HEADING) + HEADING.length();
        assertEquals(KeyTable.markdown(), document.substring(table),
                "docs/configuration.md is behind the code: run build-support/key-table, which writes its table anew");
    }

    @Test
    void eachKeyHasItsDefault() {
        assertTrue(KeyTable.markdown().contains("| `training.seq_len` | a whole number below 2^31 | `128` |"),
                KeyTable.markdown());
    }
}
