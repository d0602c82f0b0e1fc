package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.huggingface.AdapterFolder;
import io.moe4j.trainer.plugins.Linking;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A trained model on the disk: a checkpoint of a run, a folder in Hugging Face's layout, or low-rank updates of one in PEFT's layout.
 * It says which model that is, and fills the parameters of an
 * open model, on each rank those that the rank holds.
 *
 * <pre>{@code
 * try (ModelSource source = ModelSource.open(Path.of("outputs/mine"), registry)) {
 *     ModelSpec spec = source.spec().withMoeCommBackend("minimal_async_ep");
 *     // ... open a session with that spec, then, on the thread of each rank:
 *     source.fill(rank.context(), rank.model());
 * }
 * }</pre>
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface ModelSource extends AutoCloseable permits CheckpointSource, FolderSource, LoraSource {

    /**
     * Opens a checkpoint, the newest checkpoint of a run, or a model folder. Weights are mapped into memory and not read yet, except that those of a
     * checkpoint are compared with their digests.
     *
     * @throws InputException if the path is none of these, is damaged, or does not have exactly the weights of its model: the message lists all differences
     */
    static ModelSource open(Path path, Registry registry) {
        return Linking.guard(registry, () -> {
            if (AdapterFolder.isOne(path) && !FolderSource.isOne(path)) {
                return LoraSource.ofFolder(path, registry);
            }
            // A checkpoint never has a config.json.
            if (!FolderSource.isOne(path) && !CheckpointChoice.candidates(path).isEmpty()) {
                return CheckpointSource.open(path, registry);
            }
            if (!FolderSource.isOne(path)) {
                throw new InputException(NoModel.problem(path));
            }
            return FolderSource.open(path, registry);
        });
    }

    /** The folder of the checkpoint, or of the model. */
    Path path();

    /** The id of the model's provider, for {@code model.name}. */
    String modelName();

    /** The model. Choose a communication backend before opening it. */
    ModelSpec spec();

    /** The value of {@code data.tokenizer} for this model: an id, or the path of a tokenizer's file; empty if the folder has no tokenizer. */
    Optional<String> tokenizer();

    /**
     * How it writes conversations; empty if it has no chat template.
     *
     * @throws InputException if its template cannot be read, or is not understood
     * @since 0.3.0
     */
    Optional<ChatFormat> chatFormat();

    /** Remarks for people: tensors of the folder that are not read, experts' biases that are missing. */
    List<String> remarks();

    /** Bytes of the weights in the files, without tensors that are not read. */
    long bytes();

    /** Identifies the model: equal in all processes that have opened the same one. */
    String identity();

    /**
     * Sets the parameters and the experts' biases that this rank holds. Called by the rank's thread; waits for its stream. Ranks may call at the same
     * time.
     *
     * @param model the model, open for this rank, made from {@link #spec()}
     * @throws InputException if a weight is not a finite number
     */
    void fill(RankContext rank, Model model);

    @Override
    void close();
}
