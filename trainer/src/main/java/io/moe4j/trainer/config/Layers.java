package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/** Values by key in three layers: the defaults, a file, and the command line, each replacing values of those before it. Collects problems. */
final class Layers {
    private static final String SHARD_DEGREE = "parallelism.data_parallel_shard_degree";
    private static final int ALL_RANKS = -1;
    /** A file that is not a configuration at all has many problems; only the first hundred are reported. */
    private static final int MOST_PROBLEMS = 100;
    private static final String NO_NEAR_KEY = "no known key is near it: defaults.toml, in the package "
            + "io.moe4j.trainer.config, lists all of them";

    private final Schema schema = Schema.read();
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final PlugInTables plugIns = new PlugInTables();
    private final SourceTables sources = new SourceTables();
    private final List<Problem> problems = new ArrayList<>();
    private final Set<String> broken = new HashSet<>();
    private final Map<String, String> origins = new LinkedHashMap<>();
    private int omitted;

    /** The problems so far. */
    List<Problem> problems() {
        List<Problem> all = new ArrayList<>(problems);
        if (omitted > 0) {
            all.add(new Problem(omitted + " more", "they are of the same kinds", "correct those above first"));
        }
        return all;
    }

    /** Adds a problem. */
    void note(Problem problem) {
        if (problems.size() < MOST_PROBLEMS) {
            problems.add(problem);
        } else {
            omitted++;
        }
    }

    /** Keys whose values could not be read; they keep the value of the layer below. */
    Set<String> broken() {
        return broken;
    }

    /** Where the value of each key comes from: the name of a configuration, a file, or the option that was typed. */
    Map<String, String> origins() {
        Map<String, String> all = new LinkedHashMap<>(origins);
        if (Integer.valueOf(ALL_RANKS).equals(values.get(SHARD_DEGREE))) {
            all.put(SHARD_DEGREE, "all ranks of a replica");
        }
        return all;
    }

    /** The configuration so far. A shard degree of -1 becomes the one that uses all ranks. */
    TrainerConfig config() {
        Map<String, Object> resolved = new LinkedHashMap<>(values);
        if (Integer.valueOf(ALL_RANKS).equals(values.get(SHARD_DEGREE))
                && values.get("ranks") instanceof Integer ranks
                && values.get("parallelism.data_parallel_replicate_degree") instanceof Integer replicas) {
            resolved.put(SHARD_DEGREE, Math.max(1, ranks / Math.max(1, replicas)));
        }
        resolved.put(PlugInTables.KEY, plugIns.tables());
        resolved.put(SourceTables.KEY, sources.tables());
        return schema.build(resolved);
    }

    /** Adds the values of a TOML document. */
    void add(String name, String toml) {
        try {
            addSection("", TomlMapper.shared().readTree(toml), name);
        } catch (JacksonException e) {
            note(TomlProblem.of(name, toml, e));
        }
    }

    /** Adds a value from the command line. */
    void add(Arguments.Override override) {
        String shown = "--" + override.key() + (override.value().isEmpty() ? "" : " " + override.value());
        if (!override.given() && schema.keys().containsKey(ourName(override.key()))) {
            note(new Problem(Shown.of(shown), "it has no value",
                    "write --" + override.key() + " VALUE, or --" + override.key() + "= for an empty one"));
            broken.add(ourName(override.key()));
            return;
        }
        set(override.key(), new Value.Typed(override.value()), Shown.of(shown), "--" + override.key());
    }

    private void addSection(String prefix, JsonNode section, String source) {
        section.properties().forEach(property -> {
            String path = prefix + property.getKey();
            if (property.getValue().isObject()
                    && (schema.isSection(path) || PlugInTables.isTable(path) || SourceTables.isTable(path))) {
                addSection(path + ".", property.getValue(), source);
            } else {
                set(path, new Value.Filed(property.getValue()),
                        Shown.of(path + " = " + property.getValue()) + " (" + Shown.of(source) + ")", source);
            }
        });
    }

    private void set(String given, Value value, String shown, String origin) {
        String path = ourName(given);
        if (path.startsWith(PlugInTables.KEY + ".")) {
            plugIns.set(path, value).ifPresent(rule -> note(new Problem(shown, rule,
                    "write plugin.ID.KEY, where ID is the plug-in's id and KEY a setting that it has")));
            return;
        }
        if (SourceTables.owns(path)) {
            sources.set(path, value, shown).ifPresent(this::note);
            return;
        }
        Kind kind = schema.keys().get(path);
        if (kind == null) {
            note(unknown(path, shown));
            return;
        }
        kind.read().apply(value).ifPresentOrElse(read -> {
            values.put(path, read);
            origins.put(path, origin);
            broken.remove(path);
        }, () -> {
            note(new Problem(shown, "the value must be " + kind.wanted(),
                    value.text().flatMap(text -> remedy(path, text, kind)).orElse("")));
            broken.add(path);
        });
    }

    private static Optional<String> remedy(String path, String text, Kind kind) {
        return TorchtitanNames.value(path, text)
                .or(() -> NearestKey.of(text, kind.choices()).map(near -> "the nearest is " + near));
    }

    private String ourName(String given) {
        return schema.keys().containsKey(given) ? given : TorchtitanNames.ours(given).orElse(given);
    }

    private Problem unknown(String path, String shown) {
        if (schema.isSection(path)) {
            return new Problem(shown, "this is a section, not a key", "its keys are " + String.join(", ",
                    schema.keys().keySet().stream().filter(key -> key.startsWith(path + ".")).toList()));
        }
        return TorchtitanNames.instead(path)
                .map(remedy -> new Problem(shown, "there is no such key; torchtitan has it", remedy))
                .orElseGet(() -> new Problem(shown, "there is no such key", NearestKey.of(path, schema.keys().keySet())
                        .map(key -> "the nearest is " + key).orElse(NO_NEAR_KEY)));
    }
}
