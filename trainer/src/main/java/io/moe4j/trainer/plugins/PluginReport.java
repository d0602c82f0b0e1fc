package io.moe4j.trainer.plugins;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Registry.Entry;
import io.moe4j.api.spi.Registry.LeftOut;
import io.moe4j.api.spi.Registry.Loaded;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reports every plug-in that was found, and whether it was loaded and can be used on this machine; as a text for people and as JSON.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class PluginReport {
    private final Registry registry;

    /** The report of these plug-ins. */
    public PluginReport(Registry registry) {
        this.registry = registry;
    }

    /** As a text, with a section for each SPI. */
    public String text() {
        StringBuilder text = new StringBuilder();
        registry.spis().forEach((spi, version) -> {
            List<Loaded> loaded = registry.entries().stream().filter(Loaded.class::isInstance).map(Loaded.class::cast)
                    .filter(entry -> entry.spi().equals(spi)).sorted(Comparator.comparing(Loaded::id)).toList();
            text.append(spi.getSimpleName()).append(' ').append(version).append('\n');
            loaded.forEach(entry -> text.append(line(entry)));
        });
        List<LeftOut> leftOut = registry.entries().stream().filter(LeftOut.class::isInstance).map(LeftOut.class::cast)
                .toList();
        if (!leftOut.isEmpty()) {
            text.append("left out\n");
            leftOut.forEach(entry -> text.append("  ").append(entry).append('\n'));
        }
        return text.toString();
    }

    private static String line(Loaded entry) {
        String state = switch (entry.probe()) {
            case Availability.Available available -> "available";
            case Availability.Unavailable(String reason, String remedy) -> "unavailable: " + reason + "; " + remedy;
        };
        return String.format(Locale.ROOT, "  %-18s %-5s %s (%s)%n%26s%s%n", entry.id(), entry.built(),
                entry.description(),
                Path.of(entry.jar()).getFileName(), "", state);
    }

    /** As JSON: one object for each plug-in, all with the same keys. */
    public List<Map<String, Object>> rows() {
        return registry.entries().stream().map(this::row).toList();
    }

    private Map<String, Object> row(Entry entry) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("spi", entry.spiName());
        row.put("host_version", entry.spiType().map(spi -> String.valueOf(registry.spis().get(spi))).orElse(""));
        switch (entry) {
            case Loaded loaded -> {
                Availability availability = loaded.probe();
                row.put("id", loaded.id());
                row.put("version", loaded.built().toString());
                row.put("state", "loaded");
                row.put("available", availability instanceof Availability.Available);
                row.put("reason",
                        availability instanceof Availability.Unavailable(String reason, String remedy) ? reason : "");
                row.put("remedy",
                        availability instanceof Availability.Unavailable(String reason, String remedy) ? remedy : "");
                row.put("description", loaded.description());
            }
            case LeftOut leftOut -> {
                row.put("id", leftOut.id().orElse(""));
                row.put("version", leftOut.built().orElse(""));
                row.put("state", "left_out");
                row.put("available", false);
                row.put("reason", leftOut.reason());
                row.put("remedy", "");
                row.put("description", "");
            }
        }
        row.put("jar", entry.jar());
        return row;
    }
}
