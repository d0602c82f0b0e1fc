package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.plugins.Linking;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Makes checked configurations. Values of a named configuration or a file replace the defaults, and overrides of the command line replace both.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ConfigLoader {
    /** In bytes. A larger file is no configuration, but was given by mistake. */
    private static final long LARGEST_FILE = 1 << 20;

    private final Registry registry;

    /** A loader that checks configurations against the plug-ins of this registry. */
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
        return explain(nameOrFile, overrides, use).config();
    }

    /**
     * Loads and checks a configuration, and says where each of its values comes from.
     *
     * @param nameOrFile one of {@link NamedConfigs#names()}, or a TOML file
     * @param overrides laid over it in order
     * @param use what it is wanted for
     * @throws ConfigException with all problems
     * @since 0.3.0
     */
    public ExplainedConfig explain(String nameOrFile, List<Arguments.Override> overrides, ConfigUse use) {
        Layers layers = layers(nameOrFile, overrides);
        TrainerConfig given = layers.config();
        TrainerConfig config = Linking.guard(registry,
                () -> ConfiguredLora.named(ConfiguredModel.named(given, registry)));
        ReplacedKeys replaced = new ReplacedKeys(given, config, layers.origins());
        List<Problem> problems = new ArrayList<>(layers.problems());
        problems.addAll(
                Linking.guard(registry, () -> ConfigCheck.problems(registry, config, replaced, use, layers.broken())));
        if (!problems.isEmpty()) {
            throw new ConfigException(nameOrFile, problems);
        }
        return new ExplainedConfig(config, replaced.usedOrigins());
    }

    /**
     * A configuration that is not checked: values that cannot be read are those of the defaults.
     *
     * @param nameOrFile one of {@link NamedConfigs#names()}, or a TOML file
     * @param overrides laid over it in order
     * @since 0.3.0
     */
    public static TrainerConfig unchecked(String nameOrFile, List<Arguments.Override> overrides) {
        return layers(nameOrFile, overrides).config();
    }

    /** Reads the configuration that a run wrote. It is not checked; keys that no longer exist are ignored, and missing ones have the defaults. */
    public static TrainerConfig written(String toml) {
        Layers layers = new Layers();
        layers.add(NamedConfigs.PLAIN, NamedConfigs.toml(NamedConfigs.PLAIN));
        layers.add("config.toml", toml);
        return layers.config();
    }

    /** A configuration as TOML, with all keys; loading it gives an equal one. */
    public static String toml(TrainerConfig config) {
        Schema schema = Schema.read();
        Map<String, Object> values = schema.values(config);
        return PlugInTables.toml(config.plugin()) + SourceTables.toml(config.data().sources()) + values.entrySet()
                .stream().filter(entry -> schema.keys().containsKey(entry.getKey()))
                .map(entry -> entry.getKey() + " = "
                        + schema.keys().getOrDefault(entry.getKey(), Kind.of("java.lang.String")).shown()
                                .apply(entry.getValue())
                        + "\n")
                .collect(Collectors.joining());
    }

    private static Layers layers(String nameOrFile, List<Arguments.Override> overrides) {
        Layers layers = new Layers();
        layers.add(NamedConfigs.PLAIN, NamedConfigs.toml(NamedConfigs.PLAIN));
        if (!nameOrFile.equals(NamedConfigs.PLAIN)) {
            addBase(layers, nameOrFile);
        }
        overrides.forEach(layers::add);
        return layers;
    }

    private static void addBase(Layers layers, String nameOrFile) {
        String shown = "--config " + Shown.of(nameOrFile);
        String names = String.join(", ", NamedConfigs.names());
        if (NamedConfigs.names().contains(nameOrFile)) {
            layers.add(nameOrFile, NamedConfigs.toml(nameOrFile));
            return;
        }
        try {
            layers.add(nameOrFile, read(Path.of(nameOrFile)));
        } catch (NoSuchFileException e) {
            layers.note(nameOrFile.endsWith(".toml")
                    ? new Problem(shown, "there is no such file", "give a TOML file, or one of " + names)
                    : new Problem(shown, "there is no such named configuration, or file",
                            NearestKey.of(nameOrFile, NamedConfigs.names())
                                    .map(name -> "the nearest is " + name + " (moe4j config --names lists all)")
                                    .orElse("choose one of " + names)));
        } catch (MalformedInputException e) {
            layers.note(new Problem(shown, "the file is not text in UTF-8", "save it as UTF-8"));
        } catch (IOException | InvalidPathException e) {
            layers.note(new Problem(shown, "the file cannot be read: " + Shown.of(Shown.fileProblem(e)),
                    "give a TOML file that you may read, or one of " + names));
        }
    }

    private static String read(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException(file + " is a folder, a pipe or a device");
        }
        long size = Files.size(file);
        if (size > LARGEST_FILE) {
            throw new IOException("it has " + size + " bytes, and a configuration at most " + LARGEST_FILE);
        }
        return Files.readString(file);
    }
}
