package io.moe4j.trainer.step;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.trainer.config.TrainerConfig;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Inputs and outputs of a forward pass over one microbatch. They are not the buffers of training steps, which a captured step may replay. */
final class EvaluationBuffers implements AutoCloseable {
    private final RankContext rank;
    private final int tokens;
    private final Memory memory;
    private final Optional<DocumentBuffers> documents;
    private final Resources resources;

    /** Allocates the buffers of one microbatch. */
    static EvaluationBuffers open(RankContext rank, TrainerConfig config) {
        return Resources.open("evaluation buffers", resources -> new EvaluationBuffers(rank, config, resources));
    }

    private EvaluationBuffers(RankContext rank, TrainerConfig config, Resources resources) {
        this.rank = rank;
        this.resources = resources;
        this.tokens = Math.toIntExact(config.training().localTokens());
        memory = resources.add(rank.device().allocate(3 * Tensor.bytes(DType.I32, tokens), "evaluation"));
        documents = config.data().documentBoundaries()
                ? Optional.of(resources.add(
                        new DocumentBuffers(rank, config.training().seqLen(), tokens, 1, "evaluation")))
                : Optional.empty();
    }

    /** The inputs of the model's pass. */
    Microbatch microbatch() {
        return Microbatch.ONLY.withDocuments(documents.map(buffers -> buffers.of(0)));
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
    void upload(Batch batch) {
        rank.stream().upload(MemorySegment.ofArray(batch.ids_T()), ids_T());
        rank.stream().upload(MemorySegment.ofArray(batch.labels_T()), labels_T());
        documents.ifPresent(buffers -> buffers.upload(batch));
    }

    /** Waits for the pass, and reads each token's loss. */
    float[] read() {
        float[] losses = new float[tokens];
        rank.stream().download(losses_T(), MemorySegment.ofArray(losses));
        return losses;
    }

    @Override
    public void close() {
        resources.close();
    }
}
