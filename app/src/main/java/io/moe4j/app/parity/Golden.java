package io.moe4j.app.parity;

import io.moe4j.api.Shown;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.StoredNumbers;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.StoredType;
import io.moe4j.safetensors.TensorEntry;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** An open golden file. Methods throw an {@link InputException} if the file does not have what they read, or has it in another form. */
final class Golden implements AutoCloseable {
    static final String PARAMETER = "param/";
    static final String GRADIENT = "grad/";
    static final String TRAINED = "train/param/";
    static final String TOKENS = "tokens_per_expert/";
    static final String BIAS = "train/e_score_correction_bias/";
    static final String LOSS_CURVE = "train/loss";
    static final String NORM_CURVE = "train/grad_norm";
    /** Losses of modules for multi-token prediction: (steps, modules). */
    static final String PREDICTED = "train/mtp_loss";

    /** Tensors of every golden file. */
    private static final List<String> EVERY = List.of("input_ids", "labels", "logits", "loss", LOSS_CURVE, NORM_CURVE);

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);

    private final SafetensorsFile file;

    private Golden(SafetensorsFile file) {
        this.file = file;
    }

    /** Opens a file, and checks that it has what every golden file has. */
    static Golden open(Path path) {
        Golden golden = new Golden(SafetensorsFile.open(path));
        try {
            List<String> missing = EVERY.stream().filter(name -> !golden.file.tensors().containsKey(name)).toList();
            if (!missing.isEmpty()) {
                throw golden.refusal("it is no golden file, because it lacks " + String.join(", ", missing)
                        + "; give one, such as those in tests/parity/src/test/resources/io/moe4j/tests/parity");
            }
            if (golden.file.entry("input_ids").shape().size() != 2) {
                throw golden.refusal(golden.file.entry("input_ids") + " must have two dimensions: sequences, tokens");
            }
            golden.requireShape("labels", golden.file.entry("input_ids").shape());
            golden.requireShape(NORM_CURVE, List.of((long) golden.steps()));
            return golden;
        } catch (RuntimeException e) {
            golden.close();
            throw e;
        }
    }

    /** B: the number of sequences, of all ranks together. */
    int sequences() {
        return Math.toIntExact(file.entry("input_ids").shape().getFirst());
    }

    /** S: the number of tokens of a sequence. */
    int sequenceLength() {
        return Math.toIntExact(file.entry("input_ids").shape().getLast());
    }

    /** The number of optimizer steps of the training run. */
    int steps() {
        return Math.toIntExact(file.entry(LOSS_CURVE).elements());
    }

    /** The configuration of the model, as in {@code config.json}. */
    ModelSpec spec(ModelProvider provider, String commBackend) {
        try {
            ModelSpec whole = provider.fromHuggingFace(json("config")).withMoeCommBackend(commBackend);
            // Software without multi-token prediction may still write its key into the file.
            ModelSpec spec = has(PREDICTED) ? whole : whole.withPredictionDepth(0);
            requireShape("logits", List.of((long) sequences(), (long) sequenceLength(), spec.vocabulary()));
            return spec;
        } catch (IllegalArgumentException e) {
            throw refusal(String.valueOf(e.getMessage()));
        }
    }

    /** A JSON object in the metadata. */
    Map<String, Object> json(String key) {
        String text = file.metadata().get(key);
        if (text == null) {
            throw refusal("its metadata has no \"" + key + "\"; it has " + Shown.of(file.metadata().keySet()));
        }
        try {
            return JsonMapper.shared().readValue(text, new TypeReference<>() {});
        } catch (JacksonException e) {
            throw refusal("\"" + key + "\" in its metadata is no JSON object: "
                    + Shown.parserMessage(e.getOriginalMessage()));
        }
    }

    /** The names of all tensors with this prefix, with the prefix removed. */
    List<String> names(String prefix) {
        return file.tensors().keySet().stream().filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length())).toList();
    }

    boolean has(String name) {
        return file.tensors().containsKey(name);
    }

    List<Long> shape(String name) {
        return file.entry(name).shape();
    }

    void requireShape(String name, List<Long> shape) {
        if (!shape(name).equals(shape)) {
            throw refusal(Shown.of(file.entry(name)) + " must have the shape " + shape);
        }
    }

    /** Elements of a floating-point tensor. */
    float[] floats(String name, long from, int count) {
        TensorEntry entry = file.entry(name);
        if (!entry.type().dtype().map(DType::isPlainFloating).orElse(false)) {
            throw refusal(Shown.of(entry) + " must be F32 or BF16");
        }
        float[] values = new float[count];
        StoredNumbers.decode(file.data(name), from, entry.dtype(), values, 0, count);
        return values;
    }

    /** All elements of a floating-point tensor that is not large. */
    float[] floats(String name) {
        return floats(name, 0, Math.toIntExact(file.entry(name).elements()));
    }

    /** All elements of a tensor of whole numbers. */
    long[] integers(String name) {
        TensorEntry entry = file.entry(name);
        if (entry.type() != StoredType.I64) {
            throw refusal(entry + " must be I64");
        }
        return file.data(name).toArray(LONG);
    }

    /** Token ids of some sequences, each in [0, vocabulary). */
    int[] tokens(String name, int fromSequence, int sequences, long vocabulary) {
        long[] all = integers(name);
        int[] tokens = LongStream.of(all).skip((long) fromSequence * sequenceLength())
                .limit((long) sequences * sequenceLength()).mapToInt(Math::toIntExact).toArray();
        for (int token : tokens) {
            if (token < 0 || token >= vocabulary) {
                throw refusal(name + " has the id " + token + "; ids are in [0, " + vocabulary + ")");
            }
        }
        return tokens;
    }

    InputException refusal(String reason) {
        return new InputException(file.path() + " cannot be compared with: " + reason);
    }

    @Override
    public void close() {
        file.close();
    }
}
