package io.moe4j.trainer.checkpoint;

import io.moe4j.api.InputException;
import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.checkpoint.store.Role;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import java.util.List;

/** The weights of a checkpoint by their names, written by any number of ranks. Thread-safe. */
public final class CheckpointWeights implements AutoCloseable {
    private final PartReader reader;

    /**
     * Opens the files of weights.
     *
     * @throws InputException if a file does not have the format of a checkpoint
     */
    public CheckpointWeights(StoredCheckpoint stored) {
        reader = new PartReader(stored.folder(), ShardKind.MODEL, stored.tensors(Role.WEIGHTS));
    }

    /**
     * Checks that all these tensors are there.
     *
     * @throws InputException if one is missing
     */
    public void require(List<NamedRange> wanted) {
        reader.check(wanted);
    }

    /** Reads elements of a tensor into {@code into}, from {@code offset}. */
    public void read(NamedRange range, float[] into, int offset) {
        reader.read(range, into, offset);
    }

    /** The element type of the parameters: single precision if any parameter has it. Experts' biases do not count. */
    public DType dtype() {
        return reader.dtype(name -> !name.endsWith("bias"));
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return reader.bytes();
    }

    @Override
    public void close() {
        reader.close();
    }
}
