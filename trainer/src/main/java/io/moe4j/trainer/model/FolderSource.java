package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import io.moe4j.trainer.huggingface.ExpectedTensors;
import io.moe4j.trainer.huggingface.FolderConfig;
import io.moe4j.trainer.huggingface.FolderWeights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model folder in Hugging Face's layout.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class FolderSource implements ModelSource {
    /** The file that each tokenizer of this layout has. */
    public static final String TOKENIZER = "tokenizer.json";

    private final Path path;
    private final FolderConfig config;
    private final FolderWeights weights;

    private FolderSource(Path path, FolderConfig config, FolderWeights weights) {
        this.path = path;
        this.config = config;
        this.weights = weights;
    }

    static boolean isOne(Path path) {
        return Files.exists(path.resolve(FolderConfig.NAME));
    }

    static FolderSource open(Path path, Registry registry) {
        if (!Files.isDirectory(path)) {
            throw new InputException(path + (Files.exists(path) ? " is no folder" : " does not exist")
                    + "; give a checkpoint, the folder of a run that has saved some, or a model folder with a config.json");
        }
        FolderConfig config = FolderConfig.read(path, registry);
        return new FolderSource(path, config,
                FolderWeights.open(path, config, () -> expected(config, registry)));
    }

    private static ExpectedTensors expected(FolderConfig config, Registry registry) {
        try {
            return WholeModel.tensors(config.spec(), registry);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new InputException(config.file() + " says a model that cannot be opened: "
                    + Shown.of(e.getMessage()) + "; take the published file", e);
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public String modelName() {
        return config.provider().id();
    }

    @Override
    public ModelSpec spec() {
        return config.spec();
    }

    @Override
    public Optional<String> tokenizer() {
        return Optional.of(path.resolve(TOKENIZER)).filter(Files::isRegularFile).map(Path::toString);
    }

    @Override
    public Optional<ChatFormat> chatFormat() {
        return ChatFormat.find(Optional.empty(), List.of(path));
    }

    /** Tensors that are not read, and differences from what the published class computes. */
    @Override
    public List<String> remarks() {
        return Stream.concat(weights.remarks().stream(), published().stream()).toList();
    }

    /** {@link HuggingFaceForm#remarks}; empty if the family writes no config.json, or has no published class for the model. */
    private List<String> published() {
        try {
            return config.provider().toHuggingFace(config.spec()).map(HuggingFaceForm::remarks).orElse(List.of());
        } catch (IllegalArgumentException e) {
            return List.of();
        }
    }

    @Override
    public long bytes() {
        return weights.bytes();
    }

    @Override
    public String identity() {
        return weights.identity();
    }

    @Override
    public void fill(RankContext rank, Model model) {
        WeightTransfer.fill(rank, model, (range, into, offset) -> weights.read(range.name(), range.from(), into, offset,
                Math.toIntExact(range.count())), weights::has);
    }

    /** A digest that identifies these weights, however they are divided into files. */
    public String content() {
        return weights.contentIdentity();
    }

    /**
     * Checks that these are the weights with which low-rank updates were trained.
     *
     * @throws InputException if they are not
     */
    public void requireContent(String content, Path updates) {
        if (!content.equals(weights.contentIdentity())) {
            throw new InputException(path + " has other weights than those that the low-rank updates of " + updates
                    + " were trained beside; bring those back to that place");
        }
    }

    ExportDetails details() {
        return new ExportDetails((range, into, offset) -> {
            if (weights.has(range.name())) {
                weights.read(range.name(), range.from(), into, offset, Math.toIntExact(range.count()));
            }
        }, weights::has, weights.dtype(), config.model(), config.generation().orElse(Map.of()), Optional.of(path),
                Optional.empty());
    }

    @Override
    public void close() {
        weights.close();
    }
}
