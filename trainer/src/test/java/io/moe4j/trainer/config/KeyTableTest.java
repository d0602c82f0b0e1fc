package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class KeyTableTest {
    private static final String HEADING = "## All keys\n\n";

    @Test
    void theTableInTheDocumentIsTheOneOfTheCode() throws IOException {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/configuration.md"))) {
            folder = Objects.requireNonNull(folder.getParent(), "no folder above has docs/configuration.md");
        }
        String document = Files.readString(folder.resolve("docs/configuration.md"));
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
