package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.checkpoint.CheckpointWeights;
import io.moe4j.trainer.checkpoint.NamedRange;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.huggingface.ExpectedTensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint of a run, saved by any number of ranks and processes.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CheckpointSource implements ModelSource {
    private final StoredCheckpoint stored;
    private final StoredModel model;
    private final ModelSpec spec;
    private final CheckpointWeights weights;

    private CheckpointSource(StoredCheckpoint stored, StoredModel model, ModelSpec spec, CheckpointWeights weights) {
        this.stored = stored;
        this.model = model;
        this.spec = spec;
        this.weights = weights;
    }

    static ModelSource open(Path path, Registry registry) {
        StoredCheckpoint stored = CheckpointChoice.newestWeights(path).checkpoint();
        StoredModel model = stored.progress().model().or(() -> EarlierModel.of(stored.folder()))
                .orElseThrow(() -> new InputException(stored.folder() + " does not say which model it is of: it was"
                        + " written by moe4j 0.2 or earlier, or by a library; keep it in the folder of its run, beside the"
                        + " run's config.toml"));
        if (model.lora().isPresent()) {
            return LoraSource.ofCheckpoint(stored, model, model.lora().get(), registry);
        }
        ModelSpec spec = spec(stored.folder(), model, registry);
        CheckpointWeights weights = new CheckpointWeights(stored);
        try {
            weights.require(all(WholeModel.tensors(spec, registry)));
            return new CheckpointSource(stored, model, spec, weights);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    @Override
    public Path path() {
        return stored.folder();
    }

    @Override
    public String modelName() {
        return model.name();
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public Optional<String> tokenizer() {
        return Optional.of(model.tokenizer());
    }

    @Override
    public Optional<ChatFormat> chatFormat() {
        return RunChat.of(model);
    }

    @Override
    public List<String> remarks() {
        return List.of();
    }

    @Override
    public long bytes() {
        return weights.bytes();
    }

    @Override
    public String identity() {
        return stored.progress().toString();
    }

    @Override
    public void fill(RankContext rank, Model open) {
        WeightTransfer.fill(rank, open, weights::read, name -> true);
    }

    /** The keys of the {@code generation_config.json} of the folder that training started from. */
    public Map<String, Object> generation() {
        return model.generation().orElse(Map.of());
    }

    ExportDetails details() {
        return new ExportDetails(weights::read, name -> true, weights.dtype(), model.config().orElse(Map.of()),
                model.generation().orElse(Map.of()), model.from().map(Path::of),
                model.chatTemplate());
    }

    @Override
    public void close() {
        weights.close();
    }

    private static ModelSpec spec(Path folder, StoredModel model, Registry registry) {
        try {
            ModelProvider provider = registry.get(ModelProvider.class, model.name());
            return model.config().map(provider::fromHuggingFace).orElseGet(() -> provider.flavor(model.flavor()
                    .orElseThrow(
                            () -> new IllegalArgumentException("its model is not one that can be described: a library"
                                    + " opened it, and its provider writes no config.json"))));
        } catch (IllegalArgumentException e) {
            throw new InputException(folder + ": the model of this checkpoint cannot be opened: " + e.getMessage(), e);
        }
    }

    private static List<NamedRange> all(ExpectedTensors tensors) {
        List<NamedRange> ranges = new ArrayList<>();
        List.of(tensors.parameters(), tensors.biases()).forEach(part -> part.forEach((name, shape) -> ranges.add(
                new NamedRange(name, shape, 0, shape.stream().reduce(1L, Math::multiplyExact)))));
        return ranges;
    }
}
