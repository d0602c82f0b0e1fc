package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The configurations that come with moe4j.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class NamedConfigs {

    /** The configuration of {@code moe4j train} if none is named. */
    public static final String DEFAULT = "deepseek_v3_debugmodel_minimal_async_ep";

    /** One rank of the debug model: every key as in {@code defaults.toml}. */
    public static final String PLAIN = "defaults";

    private static final List<String> NAMES = List.of(DEFAULT, PLAIN, "deepseek_v3_debugmodel_standard",
            "deepseek_v3_16b_minimal_async_ep", "deepseek_v3_236b_minimal_async_ep",
            "deepseek_v3_671b_minimal_async_ep", "qwen3_moe_debugmodel_minimal_async_ep",
            "qwen3_moe_30b_a3b_minimal_async_ep");

    private NamedConfigs() {}

    /** The names of the configurations. */
    public static List<String> names() {
        return NAMES;
    }

    /** The TOML of a configuration: values that differ from {@link #PLAIN}, which has all keys. */
    static String toml(String name) {
        return resource(name);
    }

    private static String resource(String name) {
        try (InputStream in = NamedConfigs.class.getResourceAsStream(name + ".toml")) {
            if (in == null) {
                throw new IllegalStateException(name + ".toml is not among the resources of "
                        + NamedConfigs.class.getPackageName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name + ".toml cannot be read", e);
        }
    }
}
