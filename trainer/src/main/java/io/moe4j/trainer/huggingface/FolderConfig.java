package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Asking.Answers;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The {@code config.json} of a model folder.
 *
 * @param file the path of the file
 * @param provider the model family
 * @param spec the model; without modules for multi-token prediction if the folder has no weights of them, which other software often leaves out
 * @param values all keys of the file
 * @param scales the blocks of weights in FP8, if the folder has such weights
 */
public record FolderConfig(Path file, ModelProvider provider, ModelSpec spec, Map<String, Object> values,
        Optional<BlockScales> scales) {
    /** The file's name. */
    public static final String NAME = "config.json";
    static final String PREDICTION = "num_nextn_predict_layers";
    static final String GENERATION = "generation_config.json";
    private static final String TYPE = "model_type";
    private static final String CLASSES = "architectures";
    private static final Pattern HUB = Pattern.compile("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*|https?:/.*");
    private static final String CLASS_ENDING = "ForCausalLM";

    public FolderConfig {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /**
     * Reads the file of a folder.
     *
     * @throws InputException if there is none, or it describes a model that is not supported here
     */
    public static FolderConfig read(Path folder, Registry registry) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            modelIn(folder).ifPresent(model -> {
                throw new InputException(Shown.of(folder) + " is no model, and has some: there is no " + NAME
                        + " in it; name one of them, such as " + Shown.of(model));
            });
        }
        Map<String, Object> values = JsonFile.read(file, JsonFile.GIVE_A_MODEL + ofHub(folder));
        try {
            ModelProvider provider = provider(values, registry);
            Optional<BlockScales> scales = BlockScales.of(values);
            ModelSpec spec = provider.fromHuggingFace(plain(values));
            return new FolderConfig(file, provider,
                    spec.predictionDepth() > 0 && !FolderFiles.hasPredictions(folder, values)
                            ? spec.withPredictionDepth(0)
                            : spec,
                    values, scales);
        } catch (IllegalArgumentException e) {
            throw new InputException(Shown.of(file) + ": " + e.getMessage(), e);
        }
    }

    /** What to add to an error about a path that may be a name on Hugging Face's hub, or a URL: {@code Qwen/Qwen3-30B-A3B}. */
    public static String ofHub(Path path) {
        return HUB.matcher(path.toString()).matches() && !Files.exists(path)
                ? "; a model of Hugging Face's hub is downloaded first, for example with hf download ORG/NAME --local-dir models/NAME"
                : "";
    }

    /** A model in a folder of models, or in Hugging Face's cache, where those of {@code models--org--name} lie in {@code snapshots}. */
    public static Optional<Path> modelIn(Path folder) {
        for (Path parent : List.of(folder, folder.resolve("snapshots"))) {
            try (Stream<Path> inside = Files.list(parent)) {
                Optional<Path> model = inside.filter(each -> Files.isRegularFile(each.resolve(NAME)))
                        .min(Path::compareTo);
                if (model.isPresent()) {
                    return model;
                }
            } catch (IOException e) {
                // There is no such folder, or it may not be read: the missing file is told.
            }
        }
        return Optional.empty();
    }

    /** The keys that describe the model, without those on how its weights are stored. */
    public Map<String, Object> model() {
        return plain(values);
    }

    /** The keys of the folder's {@code generation_config.json}; empty if there is none that can be read. */
    public Optional<Map<String, Object>> generation() {
        Path generation = file.resolveSibling(GENERATION);
        try {
            return Files.isRegularFile(generation) ? Optional.of(JsonFile.read(generation)) : Optional.empty();
        } catch (InputException e) {
            // Training does not depend on this file, so an unreadable one is ignored.
            return Optional.empty();
        }
    }

    private static Map<String, Object> plain(Map<String, Object> values) {
        Map<String, Object> plain = new LinkedHashMap<>(values);
        plain.remove(BlockScales.KEY);
        plain.putIfAbsent(TYPE, type(values));
        return plain;
    }

    /** A whole number of at least 0, or {@code otherwise} if the key is missing or has another value. */
    int count(String key, int otherwise) {
        return values.get(key) instanceof Integer number && number >= 0 ? number : otherwise;
    }

    private static ModelProvider provider(Map<String, Object> values, Registry registry) {
        String type = type(values);
        Answers<ModelProvider, List<String>> readers = readers(registry);
        List<String> known = readers.given().values().stream().flatMap(List::stream).distinct().sorted().toList();
        if (values.get(CLASSES) instanceof List<?> classes && !classes.isEmpty()
                && classes.stream().noneMatch(each -> String.valueOf(each).endsWith(CLASS_ENDING))) {
            throw new IllegalArgumentException(CLASSES + " = " + Shown.of(classes) + ": only classes that end in "
                    + CLASS_ENDING + " are language models; take the folder of such a model");
        }
        return readers.first(types -> types.contains(type))
                .orElseThrow(() -> new IllegalArgumentException(TYPE + " = " + Shown.of(values.get(TYPE)) + ", "
                        + CLASSES + " = " + Shown.of(values.get(CLASSES))
                        + ": no model here reads that; known types are "
                        + known + ". Take a folder of one of them, or add the plug-in that has it to --plugin-path"
                        + readers.failed()));
    }

    /** The values of {@code model_type} that each family reads. A family whose call fails is skipped. */
    private static Answers<ModelProvider, List<String>> readers(Registry registry) {
        return Asking.all(registry.all(ModelProvider.class), "huggingFaceTypes", ModelProvider::huggingFaceTypes);
    }

    /** {@code model_type}, or the type that follows from the class's name: {@code Qwen3MoeForCausalLM} is {@code qwen3_moe}. */
    private static String type(Map<String, Object> values) {
        if (values.get(TYPE) instanceof String type) {
            return type;
        }
        return values.get(CLASSES) instanceof List<?> classes && !classes.isEmpty()
                && classes.getFirst() instanceof String name && name.endsWith(CLASS_ENDING)
                        ? name.substring(0, name.length() - CLASS_ENDING.length())
                                .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT)
                        : "";
    }
}
