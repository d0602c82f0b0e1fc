package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What docs/plugins.md prints of the example is what the example has, so that it compiles as printed: the example is built by every build. */
final class PluginsPageTest {
    private static final Path ROOT = Sources.projectRoot();

    @Test
    void theTestOfTheExampleIsPrintedWhole() throws IOException {
        String test = Files.readString(
                ROOT.resolve("examples/plug-in/src/test/java/example/gatherall/GatherAllContractTest.java"));
        assertTrue(page().contains("```java\n" + test + "```\n"), "docs/plugins.md has another test than the example");
    }

    @Test
    void theSettingOfTheExampleIsPrintedAsItIs() throws IOException {
        String setting = "static final Setting<Long> GRAIN = Setting.integer(\"grain\", 64, 1, 1 << 20);";
        assertTrue(
                page().contains(setting) && Sources.ofExample().files().get("example/gatherall/GatherAllProvider.java")
                        .contains(setting),
                setting);
    }

    private static String page() throws IOException {
        return Files.readString(ROOT.resolve("docs/plugins.md"));
    }
}
