package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import io.moe4j.safetensors.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The files of a folder that have its weights.
 *
 * @param files the files, in the order of their names
 * @param index the file of each tensor by the index; empty if there is no index
 */
record FolderFiles(List<Path> files, Map<String, String> index) {
    static final String INDEX = "model.safetensors.index.json";
    static final String SINGLE = "model.safetensors";
    private static final String ENDING = ".safetensors";
    private static final String MAP = "weight_map";

    FolderFiles {
        files = List.copyOf(files);
        index = Collections.unmodifiableMap(new LinkedHashMap<>(index));
    }

    /**
     * Finds the files: those that the index names, or {@code model.safetensors}.
     *
     * @throws InputException if there are none, or the index names what is not a file of this folder
     */
    static FolderFiles find(Path folder) {
        Path single = folder.resolve(SINGLE);
        Path index = folder.resolve(INDEX);
        if (!Files.exists(index)) {
            if (!Files.isRegularFile(single)) {
                UnreadableFile.requireReachable(single);
                throw new InputException(Shown.of(folder) + " has neither " + INDEX + " nor " + SINGLE
                        + "; take all files of the published folder, or convert its weights to safetensors first");
            }
            return new FolderFiles(List.of(single), Map.of());
        }
        Map<String, String> map = weightMap(index);
        TreeSet<String> names = new TreeSet<>(map.values());
        ProblemList problems = new ProblemList();
        for (String name : names) {
            if (!isPlain(name)) {
                problems.add("names in " + MAP + " that are not those of a " + ENDING + " file in this folder", name);
            } else if (!Files.isRegularFile(folder.resolve(name))) {
                UnreadableFile.requireReachable(folder.resolve(name));
                problems.add(
                        "files that the index names and that are not there; take all files of the published folder",
                        name);
            }
        }
        if (Files.exists(single) && !names.contains(SINGLE)) {
            problems.add(
                    "file of weights that the index does not name, so that it is not clear which weights are meant;"
                            + " remove it, or the index",
                    SINGLE);
        }
        problems.refuse(index + " cannot be used:");
        return new FolderFiles(names.stream().map(folder::resolve).toList(), map);
    }

    /**
     * Whether the weights may have tensors of layers after the model's last one, which are modules for multi-token prediction; also true if this cannot be
     * determined.
     */
    static boolean hasPredictions(Path folder, Map<String, Object> config) {
        String prefix = "model.layers." + config.get("num_hidden_layers") + ".";
        Path single = folder.resolve(SINGLE);
        Path index = folder.resolve(INDEX);
        try {
            if (Files.exists(index)) {
                return weightMap(index).keySet().stream().anyMatch(name -> name.startsWith(prefix));
            }
            if (!Files.isRegularFile(single)) {
                return true;
            }
            try (SafetensorsFile file = SafetensorsFile.open(single)) {
                return file.tensors().keySet().stream().anyMatch(name -> name.startsWith(prefix));
            }
        } catch (InputException e) {
            // The code that reads the weights reports this problem.
            return true;
        }
    }

    /** Whether this is a plain file name: a path could lead out of the model's folder. */
    private static boolean isPlain(String name) {
        return name.endsWith(ENDING) && name.chars().noneMatch(c -> c == '/' || c == '\\' || c < ' ');
    }

    private static Map<String, String> weightMap(Path index) {
        if (!(JsonFile.read(index).get(MAP) instanceof Map<?, ?> map) || map.isEmpty()) {
            throw new InputException(
                    Shown.of(index) + " has no object \"" + MAP + "\" with a file name for each tensor;"
                            + " take the published file");
        }
        Map<String, String> names = new LinkedHashMap<>();
        map.forEach((tensor, file) -> {
            if (!(file instanceof String name)) {
                throw new InputException(
                        Shown.of(index) + ": the file of \"" + Shown.of(tensor) + "\" is " + Shown.of(file)
                                + ", and must be a file name; take the published file");
            }
            names.put(String.valueOf(tensor), name);
        });
        return names;
    }
}
