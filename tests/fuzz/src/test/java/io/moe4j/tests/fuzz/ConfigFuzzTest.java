package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configurations: TOML files, and values of the command line. */
class ConfigFuzzTest {
    private static final List<String> WORDS = List.of("[", "]", "[[", "]]", "{", "}", "=", "\"", "\"\"\"", "'", "'''",
            "\\",
            "\\u0000", "\\U00110000", "#", "\n", "\r", ".", ",", "_", "1e999999999", "0x7fffffffffffffffffff",
            "1979-05-27T07:32:00Z", "99999-99-99", "25:61:61", "nan", "-inf", "true", "\u0000", "\u00e9", "training",
            "steps",
            "[training]");
    private static final List<String> VALUES = List.of("", " ", "-1", "0", "1", "2147483647", "2147483648",
            "9223372036854775807", "99999999999999999999", "1e308", "1e-308", "1e999", "nan", "-inf", "1d", "0x10",
            "true",
            "null", "\u0000", "\u001b[2J", "a\nb", "x".repeat(100_000), "\u0661");
    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    @Test
    void filesAreReadOrRefused() {
        Fuzz.of(500).run(files(), WORDS, this::isFileValid);
    }

    /** The controls: planted faults that only few inputs meet are found. */
    @Test
    void plantedFaultsAreFound() {
        List.of("1979-05-27", "\\U00110000", "[[", "\u0000").forEach(part -> Fuzz.of(500).requireFinds(files(), WORDS,
                this::isFileValid, input -> new String(input, StandardCharsets.UTF_8).contains(part)));
    }

    private List<byte[]> files() {
        return List.of(ConfigLoader.toml(load(NamedConfigs.PLAIN)).getBytes(StandardCharsets.UTF_8),
                "ranks = 2\n[training]\nsteps = 3 # few\ndtype = \"bfloat16\"\n[optimizer]\nlr = 1e-3\n"
                        .getBytes(StandardCharsets.UTF_8));
    }

    private boolean isFileValid(byte[] input) throws IOException {
        Path file = Files.write(folder.resolve("x.toml"), input);
        return isValid(() -> load(file.toString()));
    }

    @Test
    void everyKeyTakesOrRefusesEveryValue() throws IOException {
        List<String> keys = ConfigLoader.toml(load(NamedConfigs.PLAIN)).lines()
                .map(line -> line.substring(0, line.indexOf(' '))).toList();
        assertTrue(keys.size() > 40, keys.toString());
        // Each loading looks for text for one step. To unpack the packaged sources for it would take most of the time.
        String data = "data.path=" + Files.writeString(folder.resolve("text.txt"), "text ".repeat(2000));
        for (String key : keys) {
            for (String value : VALUES) {
                isValid(() -> load(NamedConfigs.PLAIN, data, key + "=" + value));
            }
        }
    }

    private static void requireShort(String message) {
        assertTrue(message.length() < 10_000, message);
        assertTrue(message.chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), message);
    }

    private boolean isValid(Loading loading) throws IOException {
        TrainerConfig config;
        try {
            config = loading.load();
        } catch (ConfigException e) {
            e.problems().forEach(problem -> requireShort(problem.toString()));
            return false;
        }
        Path file = Files.writeString(folder.resolve("again.toml"), ConfigLoader.toml(config));
        assertEquals(config, load(file.toString()));
        return true;
    }

    private TrainerConfig load(String name, String... overrides) {
        return new ConfigLoader(registry).load(name, Arguments.of(overrides).overrides(), ConfigUse.planning());
    }

    /** Loads a configuration. */
    @FunctionalInterface
    private interface Loading {
        TrainerConfig load();
    }
}
