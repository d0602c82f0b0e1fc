package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import io.moe4j.trainer.checkpoint.NamedRange;
import io.moe4j.trainer.huggingface.ExpectedTensors;
import io.moe4j.trainer.huggingface.FolderWriter;
import io.moe4j.trainer.plugins.Linking;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a model for other software: a folder in Hugging Face's layout, with {@code config.json}, {@code generation_config.json}, weights in safetensors
 * files with an index, and the tokenizer if it is known. Only a few MiB for each core are in memory at a time, however large the model is.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ModelExport {
    private final ModelSource source;
    private final ExportDetails details;
    private final ExpectedTensors tensors;
    private final HuggingFaceForm form;

    /**
     * A folder that was written.
     *
     * @param folder the path of the folder
     * @param bytes bytes of its weights
     * @param remarks remarks for people: cases in which other software computes other results, files that are missing
     */
    public record Exported(Path folder, long bytes, List<String> remarks) {

        public Exported {
            remarks = List.copyOf(remarks);
        }
    }

    private ModelExport(ModelSource source, Registry registry) {
        this.source = source;
        details = ExportDetails.of(source);
        tensors = WholeModel.tensors(source.spec(), registry);
        try {
            form = registry.get(ModelProvider.class, source.modelName()).toHuggingFace(source.spec())
                    .orElseThrow(() -> new IllegalArgumentException("its provider \"" + source.modelName()
                            + "\" writes no config.json"));
        } catch (IllegalArgumentException e) {
            throw new InputException(source.path() + " cannot be exported: " + e.getMessage(), e);
        }
    }

    /**
     * Checks that a folder can be written there; for the start of a run that writes it at its end.
     *
     * @throws InputException if it exists already, or cannot be written
     */
    public static void requireFree(Path folder) {
        FolderWriter.requireFree(folder);
    }

    /**
     * Exports a model. The folder is written under another name beside its place, and renamed when it is complete.
     *
     * @param source the source, which stays open
     * @param folder the new folder, which must not exist yet or be empty
     * @throws InputException if the model fits no published class of its family, or the folder exists already or cannot be written
     * @throws UncheckedIOException if writing fails; what was written is removed
     */
    public static Exported write(ModelSource source, Path folder, ExportOptions options, Registry registry) {
        return Linking.guard(registry, () -> new ModelExport(source, registry).write(folder, options));
    }

    private Exported write(Path folder, ExportOptions options) {
        DType dtype = options.dtype().orElseGet(details::dtype);
        List<Declaration> declared = new ArrayList<>();
        try (FolderWriter writer = new FolderWriter(folder)) {
            boolean moved = tensors.biases().entrySet().stream()
                    .anyMatch(bias -> isMoved(bias.getKey(), bias.getValue()));
            tensors.parameters().forEach((name, shape) -> declared.add(new Declaration(name, dtype, shape)));
            tensors.repeated().forEach((name, original) -> declared.add(new Declaration(name, dtype,
                    tensors.parameters().getOrDefault(original, List.of()))));
            if (form.expertBiases() || moved) {
                tensors.biases().forEach((name, shape) -> declared.add(new Declaration(name, DType.F32, shape)));
            }
            long bytes = writer.weights(declared, options.mostBytesOfFile(),
                    (tensor, from, into, count) -> details.weights()
                            .read(new NamedRange(tensors.repeated().getOrDefault(tensor.name(), tensor.name()),
                                    tensor.shape(), from, count), into, 0));
            List<String> remarks = new ArrayList<>(form.remarks());
            remarks.addAll(source.spec().exportRemarks(moved));
            if (moved && !form.expertBiases()) {
                remarks.add(
                        "the folder has the experts' biases (e_score_correction_bias), so that moe4j reads the same model"
                                + " again; its published class has none: transformers names them as unexpected, stricter software"
                                + " refuses them");
            }
            TokenizerFiles tokenizer = TokenizerFiles.of(source.tokenizer(), details.folder())
                    .without(details.chatTemplate().isPresent() ? ExportedTemplate.REPLACED : Set.of());
            tokenizer.copy(writer);
            if (details.chatTemplate().isPresent()) {
                ExportedTemplate.write(details.chatTemplate().get(), tokenizer.folder(), writer);
            }
            remarks.addAll(tokenizer.remarks());
            Map<String, Object> config = ExportedConfig.of(form, details.config(), dtype);
            writer.config(config, ExportedConfig.generation(details.generation(), config));
            writer.complete();
            return new Exported(folder, bytes, remarks);
        } catch (IOException e) {
            throw FailedExport.of("model", folder, declared, e);
        }
    }

    /** Whether the source has this bias, and training has moved it. */
    private boolean isMoved(String name, List<Long> shape) {
        if (!details.hasBias(name)) {
            return false;
        }
        float[] values = new float[Math.toIntExact(shape.getFirst())];
        details.weights().read(new NamedRange(name, shape, 0, values.length), values, 0);
        for (float value : values) {
            if (value != 0) {
                return true;
            }
        }
        return false;
    }
}
