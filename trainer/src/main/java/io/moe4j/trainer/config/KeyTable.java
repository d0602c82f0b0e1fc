package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All keys as a table in Markdown: their possible values, their defaults, and what they mean. It is made from the records that hold a configuration,
 * and from the comments of {@code defaults.toml}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class KeyTable {
    private static final Pattern SECTION = Pattern.compile("\\[([a-z_.]+)]");
    private static final Pattern LINE = Pattern.compile("([a-z0-9_]+) *= *(\"[^\"]*\"|[^# ]+) *(?:# *(.*))?");

    private KeyTable() {}

    /**
     * Whether the configuration has a key.
     *
     * @param key such as {@code training.steps}
     * @since 0.3.0
     */
    public static boolean isKey(String key) {
        return Schema.read().keys().containsKey(key);
    }

    /** One table for each section, in the order of the records. */
    public static String markdown() {
        Map<String, Matcher> lines = lines();
        Map<String, StringBuilder> sections = new LinkedHashMap<>();
        Schema.read().headed().forEach((key, kind) -> {
            Matcher line = lines.get(key);
            if (line == null) {
                throw new IllegalStateException("defaults.toml has no line for " + key + "; add one, with a comment");
            }
            sections.computeIfAbsent(key.substring(0, Math.max(0, key.lastIndexOf('.'))), KeyTable::heading)
                    .append("| `").append(key).append("` | ").append(cell(kind.wanted())).append(" | `")
                    .append(line.group(2)).append("` | ").append(line.group(3) == null ? "" : cell(line.group(3)))
                    .append(" |\n");
        });
        return String.join("", sections.values());
    }

    private static StringBuilder heading(String section) {
        return new StringBuilder(section.isEmpty() ? "" : "\n### " + section + "\n\n")
                .append("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
    }

    private static Map<String, Matcher> lines() {
        Map<String, Matcher> lines = new HashMap<>();
        String prefix = "";
        for (String line : NamedConfigs.toml(NamedConfigs.PLAIN).lines().toList()) {
            Matcher section = SECTION.matcher(line);
            Matcher value = LINE.matcher(line);
            if (section.matches()) {
                prefix = section.group(1) + ".";
            } else if (value.matches()) {
                lines.put(prefix + value.group(1), value);
            }
        }
        return lines;
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
