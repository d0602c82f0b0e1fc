package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.Sha256;
import io.moe4j.api.tensor.DType;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.TensorEntry;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The weights of a folder. Its files are mapped into memory, and only the elements that a rank needs are read. Thread-safe.
 */
public final class FolderWeights implements AutoCloseable {
    /** Models with at most this number of experts are always compared with the folder's tensors. */
    private static final long ENOUGH = 10_000;
    /** How many first bytes of each tensor a digest of the weights includes. */
    private static final long SAMPLE = 64;

    private final List<SafetensorsFile> files = new ArrayList<>();
    private final TreeMap<String, Weight> found = new TreeMap<>();
    private final Map<String, Weight> weights = new HashMap<>();
    private final List<String> remarks = new ArrayList<>();

    private FolderWeights() {}

    /**
     * Opens the files, and compares their tensors with those of the model.
     *
     * @param expected gives the tensors of the model; not called if the model has far more experts than the folder has tensors
     * @throws InputException with everything that is missing, not of this model, or of another shape or type
     */
    public static FolderWeights open(Path folder, FolderConfig config, Supplier<ExpectedTensors> expected) {
        FolderWeights opened = new FolderWeights();
        try {
            FolderFiles files = FolderFiles.find(folder);
            ProblemList problems = new ProblemList();
            opened.openFiles(files, problems);
            // Tensors that are missing because a file cannot be read are not reported again.
            problems.refuse(folder + " cannot be used:");
            requirePlausible(folder, config, opened.found.size());
            FolderCheck check = new FolderCheck(config, opened.found, problems);
            opened.weights.putAll(check.match(expected.get()));
            problems.refuse(folder + " does not have the weights of its " + FolderConfig.NAME + " ("
                    + config.spec().name() + "):");
            opened.remarks.addAll(check.remarks());
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** Remarks for people: tensors that are not read, biases that are missing. */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** Bytes of all tensors that are read. */
    public long bytes() {
        return weights.values().stream().mapToLong(weight -> weight.entry().bytes()).sum();
    }

    /** Whether there is such a tensor. All parameters are there; biases may be missing. */
    public boolean has(String name) {
        return weights.containsKey(name);
    }

    /**
     * Reads consecutive elements of a tensor in single precision.
     *
     * @param from index of the first element
     * @param to index in {@code into} of the first element
     * @throws InputException if an element is not finite
     */
    public void read(String name, long from, float[] into, int to, int count) {
        Weight weight = weights.get(name);
        if (weight == null) {
            throw new IllegalArgumentException("tensor \"" + name + "\" was not expected when the folder was opened");
        }
        weight.read(from, into, to, count);
    }

    /**
     * The element type to keep the weights in: bfloat16 if all but biases have it, or if they are FP8, whose scaled values are then rounded; otherwise
     * single precision.
     */
    public DType dtype() {
        return weights.entrySet().stream().filter(each -> !each.getKey().endsWith("bias"))
                .allMatch(each -> switch (each.getValue().type()) {
                    case BF16, F8_E4M3 -> true;
                    case F32, F16, F64, F8_E5M2, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL -> false;
                }) ? DType.BF16 : DType.F32;
    }

    /**
     * A digest by which processes check that they have opened the same weights. It includes all names, types, shapes and positions in files, but no values.
     */
    public String identity() {
        MessageDigest digest = Sha256.begin();
        found.values().forEach(weight -> digest.update((weight.entry() + " " + weight.entry().from() + " "
                + weight.file().path().getFileName() + "\n").getBytes(StandardCharsets.UTF_8)));
        return Sha256.hex(digest);
    }

    /**
     * A digest that is equal if two folders have the same weights, however they are divided into files. It includes all names, types and shapes, and the
     * first bytes of each tensor.
     */
    public String contentIdentity() {
        MessageDigest digest = Sha256.begin();
        new TreeMap<>(weights).forEach((name, weight) -> {
            digest.update((name + " " + weight.type() + " " + weight.entry().shape() + "\n")
                    .getBytes(StandardCharsets.UTF_8));
            digest.update(weight.data().asSlice(0, Math.min(SAMPLE, weight.data().byteSize())).asByteBuffer());
        });
        return Sha256.hex(digest);
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }

    /**
     * Refuses a config.json whose model has many more experts than the folder has tensors: with two billion experts, the comparison of all names would take
     * hours.
     */
    private static void requirePlausible(Path folder, FolderConfig config, int found) {
        long experts = config.spec().moe().map(moe -> (long) moe.experts() * moe.layers()).orElse(0L);
        if (experts > ENOUGH && experts > 10L * found) {
            throw new InputException(
                    Shown.of(folder) + " has " + Shown.count(found, "tensor") + ", and its " + FolderConfig.NAME
                            + " says that the"
                            + " model has " + experts + " experts in its layers; take the " + FolderConfig.NAME
                            + " that belongs to the weights");
        }
    }

    private void openFiles(FolderFiles from, ProblemList problems) {
        for (Path path : from.files()) {
            open(path, problems).ifPresent(file -> {
                files.add(file);
                file.tensors().values().forEach(entry -> add(file, entry, problems));
            });
        }
        boolean readable = problems.isEmpty();
        from.index().forEach((name, file) -> {
            Weight weight = found.get(name);
            boolean there = weight != null && String.valueOf(weight.file().path().getFileName()).equals(file);
            if (readable && !there) {
                problems.add(
                        "tensors that are not in the file that the index names; take all files of one version of the"
                                + " folder",
                        name + " (" + file + ")");
            }
        });
    }

    private static Optional<SafetensorsFile> open(Path path, ProblemList problems) {
        try {
            return Optional.of(SafetensorsFile.open(path));
        } catch (InputException e) {
            if (e.getCause() instanceof AccessDeniedException) {
                problems.add("files that cannot be read (permission denied); see that you may read them",
                        String.valueOf(path.getFileName()));
                return Optional.empty();
            }
            problems.add("files that cannot be read; take them again",
                    String.valueOf(e.getMessage()).lines().limit(2).map(line -> line.replaceFirst("^- ", ""))
                            .collect(Collectors.joining(" ")));
            return Optional.empty();
        }
    }

    private void add(SafetensorsFile file, TensorEntry entry, ProblemList problems) {
        Weight other = found.putIfAbsent(entry.name(), Weight.of(file, entry));
        if (other != null) {
            problems.add(
                    "tensors that are in two files, so that it is not clear which is meant; remove one of the files",
                    Shown.of(entry.name()) + " (" + other.file().path().getFileName() + ", "
                            + file.path().getFileName() + ")");
        }
    }
}
