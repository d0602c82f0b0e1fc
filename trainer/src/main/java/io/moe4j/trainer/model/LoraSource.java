package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.checkpoint.CheckpointWeights;
import io.moe4j.trainer.checkpoint.NamedRange;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import io.moe4j.trainer.checkpoint.store.StoredLora;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.huggingface.AdapterFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A model folder with low-rank updates, which are those of a checkpoint or of a folder in PEFT's layout. It gives the weights with the updates added.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class LoraSource implements ModelSource {
    private final Path path;
    private final FolderSource base;
    private final LoraSpec lora;
    private final Map<String, List<Long>> shapes;
    private final WeightTransfer.Source updates;
    private final Optional<String> tokenizer;
    private final Optional<String> chatTemplate;
    private final Supplier<Optional<ChatFormat>> chatFormat;
    private final String identity;
    private final long updateBytes;
    private final Resources opened;

    private LoraSource(Path path, FolderSource base, LoraSpec lora, Map<String, List<Long>> shapes,
            WeightTransfer.Source updates, Optional<String> tokenizer, Optional<String> chatTemplate,
            Supplier<Optional<ChatFormat>> chatFormat, String identity, long updateBytes,
            Resources opened) {
        this.path = path;
        this.base = base;
        this.lora = lora;
        this.shapes = shapes;
        this.updates = updates;
        this.tokenizer = tokenizer;
        this.chatTemplate = chatTemplate;
        this.chatFormat = chatFormat;
        this.identity = identity;
        this.updateBytes = updateBytes;
        this.opened = opened;
    }

    static LoraSource ofFolder(Path path, Registry registry) {
        return Resources.open("the updates in " + path, opened -> {
            AdapterFolder folder = opened.add(AdapterFolder.open(path));
            FolderSource base = opened.add(FolderSource.open(folder.base(), registry));
            folder.require(shapes(base, folder.spec(), path, registry));
            return new LoraSource(path, base, folder.spec(), folder.shapes(), (range, into, offset) -> folder
                    .read(range.name(), range.from(), into, offset, Math.toIntExact(range.count())),
                    base.tokenizer(), RunChat.inFolder(path),
                    () -> ChatFormat.find(Optional.empty(), List.of(path, base.path())),
                    base.identity() + folder.spec(), folder.bytes(), opened);
        });
    }

    static LoraSource ofCheckpoint(StoredCheckpoint stored, StoredModel model, StoredLora lora, Registry registry) {
        Path from = Path.of(model.from().orElseThrow(() -> new InputException(stored.folder()
                + " has low-rank updates, and does not say of which model; take another checkpoint")));
        if (!Files.isDirectory(from)) {
            throw new InputException(stored.folder() + " has low-rank updates of the model in " + from
                    + ", which is not there; bring it back to that place");
        }
        return Resources.open("the updates in " + stored.folder(), opened -> {
            CheckpointWeights weights = opened.add(new CheckpointWeights(stored));
            FolderSource base = opened.add(FolderSource.open(from, registry));
            base.requireContent(lora.base(), stored.folder());
            Map<String, List<Long>> shapes = shapes(base, lora.spec(), stored.folder(), registry);
            weights.require(shapes.entrySet().stream()
                    .map(each -> new NamedRange(each.getKey(), each.getValue(), 0,
                            each.getValue().get(0) * each.getValue().get(1)))
                    .toList());
            return new LoraSource(stored.folder(), base, lora.spec(), shapes, weights::read,
                    Optional.of(model.tokenizer()), model.chatTemplate(), () -> RunChat.of(model),
                    stored.progress().toString(), weights.bytes(), opened);
        });
    }

    private static Map<String, List<Long>> shapes(FolderSource base, LoraSpec lora, Path path, Registry registry) {
        try {
            return WholeModel.adapters(base.spec(), lora, registry);
        } catch (IllegalArgumentException e) {
            throw new InputException(path + " has low-rank updates that do not fit " + base.path() + ": "
                    + e.getMessage(), e);
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public String modelName() {
        return base.modelName();
    }

    @Override
    public ModelSpec spec() {
        return base.spec();
    }

    @Override
    public Optional<String> tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<ChatFormat> chatFormat() {
        return chatFormat.get();
    }

    /** A chat template that the updates were trained with, and that is not the model's. */
    Optional<String> chatTemplate() {
        return chatTemplate;
    }

    @Override
    public List<String> remarks() {
        return base.remarks();
    }

    @Override
    public long bytes() {
        return base.bytes() + updateBytes;
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public void fill(RankContext rank, Model model) {
        ExportDetails details = details();
        WeightTransfer.fill(rank, model, details.weights(), details.biases());
    }

    /** The folder whose tokenizer is used; empty for a checkpoint, which uses the tokenizer of its run. */
    public Optional<Path> tokenizerFolder() {
        return AdapterFolder.isOne(path) ? Optional.of(base.path()) : Optional.empty();
    }

    /** The folder of the model without the updates. */
    public Path modelFolder() {
        return base.path();
    }

    /** The model without the updates. */
    Path base() {
        return base.path();
    }

    LoraSpec lora() {
        return lora;
    }

    /** The matrices of the updates. */
    Map<String, List<Long>> shapes() {
        return shapes;
    }

    WeightTransfer.Source updates() {
        return updates;
    }

    /** The weights with the updates added. */
    ExportDetails details() {
        ExportDetails plain = base.details();
        return new ExportDetails(new MergedWeights(plain.weights(), updates, shapes, lora), plain.biases(),
                plain.dtype(), plain.config(), plain.generation(), plain.folder(), chatTemplate);
    }

    @Override
    public void close() {
        opened.close();
    }
}
