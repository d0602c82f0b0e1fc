package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The kits that the documentation names for plug-in authors. */
class KitsTest {

    @Test
    void everyContractKitIsListedInTheGuide() throws IOException {
        String guide = Files.readString(Sources.projectRoot().resolve("docs/plugins.md"));
        List<String> kits = Sources.ofProject("tests/contract").files().keySet().stream()
                .filter(path -> path.endsWith("Contract.java")).map(path -> Path.of(path).getFileName().toString())
                .toList();
        assertTrue(kits.size() >= 9, () -> "saw only " + kits);
        List<String> missing = kits.stream().filter(kit -> !guide.contains(kit)).toList();
        assertTrue(missing.isEmpty(), () -> "docs/plugins.md does not list " + missing);
    }
}
