package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.safetensors.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Low-rank updates in PEFT's layout: {@code adapter_config.json} and {@code adapter_model.safetensors}. Thread-safe. */
public final class AdapterFolder implements AutoCloseable {
    /** The file with rank, alpha and targets of the updates. */
    public static final String CONFIG = "adapter_config.json";
    /** The file with their matrices. */
    public static final String WEIGHTS = "adapter_model.safetensors";
    /** The key with the folder of the model. */
    static final String BASE = "base_model_name_or_path";

    private final Path folder;
    private final LoraSpec spec;
    private final Optional<String> base;
    private final SafetensorsFile file;
    private final Map<String, Weight> weights = new TreeMap<>();

    private AdapterFolder(Path folder, LoraSpec spec, Optional<String> base, SafetensorsFile file) {
        this.folder = folder;
        this.spec = spec;
        this.base = base;
        this.file = file;
        file.tensors().values().forEach(entry -> weights.put(entry.name(), Weight.of(file, entry)));
    }

    /** Whether a folder has low-rank updates in PEFT's layout. */
    public static boolean isOne(Path folder) {
        return Files.exists(folder.resolve(CONFIG));
    }

    /**
     * Opens a folder. The names of the tensors say which matrices are updated.
     *
     * @throws InputException if it cannot be read, or is of a kind that is not supported here: the message lists all reasons
     */
    public static AdapterFolder open(Path folder) {
        Map<String, Object> config = JsonFile.read(folder.resolve(CONFIG),
                "give the folder of low-rank updates in PEFT's layout, as lora.export writes it");
        AdapterKeys keys = AdapterKeys.read(folder, config);
        SafetensorsFile file = SafetensorsFile.open(folder.resolve(WEIGHTS));
        try {
            Set<String> targets = AdapterModules.targets(folder, file.tensors().keySet());
            return new AdapterFolder(folder, new LoraSpec(keys.rank(), keys.alpha(), targets), keys.base(), file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Rank, alpha and targets. */
    public LoraSpec spec() {
        return spec;
    }

    /**
     * The folder of the model that the updates belong to.
     *
     * @throws InputException if the configuration names no folder that exists
     */
    public Path base() {
        String named = base.orElseThrow(() -> new InputException(Shown.of(folder.resolve(CONFIG)) + " has no " + BASE
                + "; give the folder of the model as that key, or train with model.from and lora.from"));
        for (Path place : List.of(folder.resolve(named), Path.of(named))) {
            if (Files.isDirectory(place)) {
                return place.toAbsolutePath().normalize();
            }
        }
        throw new InputException(Shown.of(folder.resolve(CONFIG)) + " says that the model is \"" + Shown.of(named)
                + "\", which is no folder of this machine; set " + BASE + " to where the model lies");
    }

    /**
     * Compares the updates with the matrices of a model.
     *
     * @param expected names and shapes of all matrices
     * @throws InputException listing all differences
     */
    public void require(Map<String, List<Long>> expected) {
        ProblemList problems = new ProblemList();
        expected.forEach((name, shape) -> {
            Weight weight = weights.get(name);
            if (weight == null) {
                problems.add("matrices are missing: the updates are of other layers, or of another model", name);
            } else if (!weight.entry().shape().equals(shape)) {
                problems.add("matrices have another shape than the model, or the rank " + spec.rank() + ", says",
                        weight.entry() + " instead of " + shape);
            } else if (!WeightDecoder.reads(weight.type())) {
                problems.add("matrices have a type that is not read; F32, F16 and BF16 are", weight.entry().toString());
            }
        });
        weights.keySet().stream().filter(name -> !expected.containsKey(name))
                .forEach(name -> problems.add("tensors are not of this model's updates", name));
        problems.refuse(Shown.of(folder) + " does not fit the model:");
    }

    /**
     * Reads consecutive elements of a matrix in single precision.
     *
     * @param from index of the first element
     * @param to index in {@code into} of the first element
     */
    public void read(String name, long from, float[] into, int to, int count) {
        Weight weight = weights.get(name);
        if (weight == null) {
            throw new IllegalArgumentException("\"" + name + "\" was not expected when the folder was opened");
        }
        weight.read(from, into, to, count);
    }

    /** Names and shapes of all matrices of the updates. */
    public Map<String, List<Long>> shapes() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        weights.forEach((name, weight) -> shapes.put(name, weight.entry().shape()));
        return shapes;
    }

    /** Bytes of all matrices of the updates. */
    public long bytes() {
        return weights.values().stream().mapToLong(weight -> weight.entry().bytes()).sum();
    }

    @Override
    public void close() {
        file.close();
    }
}
