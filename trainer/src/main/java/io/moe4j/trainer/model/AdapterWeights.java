package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import io.moe4j.trainer.huggingface.AdapterFolder;
import java.nio.file.Path;

/**
 * Low-rank updates in PEFT's layout from which training starts.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class AdapterWeights implements AutoCloseable {
    private final AdapterFolder folder;

    private AdapterWeights(AdapterFolder folder) {
        this.folder = folder;
    }

    /**
     * Opens a folder.
     *
     * @throws InputException if the folder cannot be used, or does not fit the model
     */
    public static AdapterWeights open(Path path, ModelSpec spec, Registry registry) {
        AdapterFolder folder = AdapterFolder.open(path);
        try {
            folder.require(WholeModel.adapters(spec, folder.spec(), registry));
            return new AdapterWeights(folder);
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /** Sets the updates of a rank; called by its thread. */
    public void fill(RankContext rank, Model model) {
        WeightTransfer.fillAdapters(rank, model, (range, into, offset) -> folder.read(range.name(), range.from(),
                into, offset, Math.toIntExact(range.count())));
    }

    @Override
    public void close() {
        folder.close();
    }
}
