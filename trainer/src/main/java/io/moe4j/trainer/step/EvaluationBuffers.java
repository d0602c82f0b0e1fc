package io.moe4j.trainer.step;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** What goes into a forward pass over one microbatch, and what comes out. Apart from the buffers of training steps, which a captured step may replay. */
final class EvaluationBuffers implements AutoCloseable {
    private final RankContext rank;
    private final int tokens;
    private final Memory memory;

    /** @param tokens T, of a microbatch */
    EvaluationBuffers(RankContext rank, int tokens) {
        this.rank = rank;
        this.tokens = tokens;
        memory = rank.device().allocate(3 * Tensor.bytes(DType.I32, tokens), "evaluation");
    }

    Tensor ids_T() {
        return Tensor.of(memory, 0, DType.I32, tokens);
    }

    Tensor labels_T() {
        return Tensor.of(memory, Tensor.bytes(DType.I32, tokens), DType.I32, tokens);
    }

    /** F32: the loss of each token. */
    Tensor losses_T() {
        return Tensor.of(memory, 2 * Tensor.bytes(DType.I32, tokens), DType.F32, tokens);
    }

    /** Enqueues the copies from the host. */
    void upload(int[] ids, int[] labels) {
        rank.stream().upload(MemorySegment.ofArray(ids), ids_T());
        rank.stream().upload(MemorySegment.ofArray(labels), labels_T());
    }

    /** Waits for the pass, and reads each token's loss. */
    float[] read() {
        float[] losses = new float[tokens];
        rank.stream().download(losses_T(), MemorySegment.ofArray(losses));
        return losses;
    }

    @Override
    public void close() {
        memory.close();
    }
}
