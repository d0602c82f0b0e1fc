package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Makes checked configurations: a named one or a file, over the defaults, and the command line's overrides over that. */
@Stability(Stability.Level.EVOLVING)
public final class ConfigLoader {
    private final Registry registry;

    /** For what this registry knows. */
    public ConfigLoader(Registry registry) {
        this.registry = registry;
    }

    /**
     * Loads and checks a configuration, before anything is opened.
     *
     * @param nameOrFile one of {@link NamedConfigs#names()}, or a TOML file
     * @param overrides laid over it in order
     * @param use what it is wanted for
     * @throws ConfigException with all problems
     */
    public TrainerConfig load(String nameOrFile, List<Arguments.Override> overrides, ConfigUse use) {
        Layers layers = new Layers();
        layers.add(NamedConfigs.PLAIN, NamedConfigs.toml(NamedConfigs.PLAIN));
        addBase(layers, nameOrFile);
        overrides.forEach(layers::add);
        TrainerConfig config = layers.config();
        List<Problem> problems = new ArrayList<>(layers.problems());
        problems.addAll(ConfigCheck.problems(registry, config, use, layers.broken()));
        if (!problems.isEmpty()) {
            throw new ConfigException(nameOrFile, problems);
        }
        return config;
    }

    /** A configuration as TOML, with all keys; loading it gives an equal one. */
    public static String toml(TrainerConfig config) {
        Schema schema = Schema.read();
        Map<String, Object> values = schema.values(config);
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + " = "
                        + schema.keys().getOrDefault(entry.getKey(), Kind.of("java.lang.String")).shown()
                                .apply(entry.getValue())
                        + "\n")
                .collect(Collectors.joining());
    }

    private static void addBase(Layers layers, String nameOrFile) {
        if (NamedConfigs.names().contains(nameOrFile)) {
            layers.add(nameOrFile, NamedConfigs.toml(nameOrFile));
            return;
        }
        Path file = Path.of(nameOrFile);
        if (!nameOrFile.endsWith(".toml") && !Files.exists(file)) {
            layers.problems().add(new Problem("--config " + nameOrFile, "there is no such named configuration, or file",
                    "the nearest is " + NearestKey.of(nameOrFile, NamedConfigs.names()) + " of "
                            + String.join(", ", NamedConfigs.names())));
            return;
        }
        try {
            layers.add(nameOrFile, Files.readString(file));
        } catch (IOException e) {
            layers.problems().add(new Problem("--config " + nameOrFile,
                    Files.exists(file) ? "the file cannot be read: " + e : "there is no such file",
                    "give a TOML file in UTF-8 that you may read, or one of "
                            + String.join(", ", NamedConfigs.names())));
        }
    }
}
