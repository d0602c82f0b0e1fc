package io.moe4j.report;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.toml.TomlMapper;

/** The files that one run wrote into its folder. Only {@code metrics.jsonl} must exist; other missing or damaged files are reported in notes on the page. */
final class RecordedRun {
    /** The file that each run has. */
    static final String METRICS = "metrics.jsonl";

    private final String name;
    private final Path folder;
    private final Sizes sizes;
    private final StepColumns columns;
    private final Map<String, String> config;
    private final @Nullable JsonNode description;
    private final @Nullable ExpertMap experts;
    private final List<String> notes = new ArrayList<>();

    private RecordedRun(Path folder, String name, Sizes sizes) throws IOException {
        this.name = name;
        this.folder = folder;
        this.sizes = sizes;
        columns = StepColumns.read(folder.resolve(METRICS));
        if (columns.bad() > 0) {
            notes.add(columns.bad() + " lines of metrics.jsonl are damaged and left out");
        }
        columns.missing().ifPresent(notes::add);
        config = config(folder.resolve("config.toml"));
        description = description(folder.resolve("run.json"));
        Path layers = folder.resolve("layers.jsonl");
        experts = Files.isRegularFile(layers) ? ExpertMap.read(layers, sizes.cells()) : null;
    }

    /** Why a folder cannot be read as a run; empty if it can. */
    static Optional<String> problem(Path folder) {
        try {
            UnreadableFile.requireReachable(folder.resolve(METRICS));
        } catch (InputException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        if (!Files.exists(folder)) {
            return Optional.of(folder + " is not there; give the folder of a run, such as one in outputs/");
        }
        if (!Files.isDirectory(folder)) {
            return Optional.of(folder + " is a file; give the folder of a run, such as one in outputs/");
        }
        if (!Files.isRegularFile(folder.resolve(METRICS))) {
            return Optional.of(folder + " has no metrics.jsonl, which each run writes; give the folder of a run");
        }
        return Optional.empty();
    }

    static RecordedRun read(Path folder, String name, Sizes sizes) {
        try {
            return new RecordedRun(folder, name, sizes);
        } catch (IOException e) {
            throw new InputException("the run in " + folder + " cannot be read (" + Shown.fileProblem(e)
                    + "); give a run that you may read", e);
        }
    }

    String name() {
        return name;
    }

    int steps() {
        return columns.size();
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("folder", folder.toString());
        json.put("metrics", columns.json(sizes.points()));
        json.put("config", config);
        if (description != null) {
            json.put("run", description);
        }
        if (experts != null) {
            json.put("experts", experts.json());
        }
        json.put("notes", notes);
        return json;
    }

    private Map<String, String> config(Path file) throws IOException {
        Map<String, String> values = new TreeMap<>();
        if (Files.isRegularFile(file)) {
            try {
                flatten(TomlMapper.shared().readTree(Files.readString(file)), "", values);
            } catch (RuntimeException | IOException e) {
                notes.add("config.toml cannot be read");
            }
        }
        return values;
    }

    private static void flatten(JsonNode node, String prefix, Map<String, String> values) {
        node.properties().forEach(property -> {
            String key = prefix.isEmpty() ? property.getKey() : prefix + "." + property.getKey();
            if (property.getValue().isObject()) {
                flatten(property.getValue(), key, values);
            } else {
                values.put(key, property.getValue().isValueNode() ? property.getValue().asString()
                        : property.getValue().toString());
            }
        });
    }

    private @Nullable JsonNode description(Path file) {
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            JsonNode read = JsonMapper.shared().readTree(Files.readString(file));
            return read.isObject() ? read : null;
        } catch (JacksonException | IOException e) {
            notes.add("run.json cannot be read");
            return null;
        }
    }
}
