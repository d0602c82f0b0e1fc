package io.moe4j.trainer.step;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.DocumentStarts;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Static buffers for the starts of documents, and the positions of tokens within them, for all microbatches of a step or an evaluation. */
final class DocumentBuffers implements AutoCloseable {
    private final RankContext rank;
    private final Memory memory;
    private final int sequence;
    private final int microbatches;

    /**
     * Allocates the buffers, set for sequences of one document each.
     *
     * @param sequence S
     * @param tokens number of tokens of all microbatches
     * @param purpose name of the memory in reports
     */
    DocumentBuffers(RankContext rank, int sequence, long tokens, int microbatches, String purpose) {
        this.rank = rank;
        this.sequence = sequence;
        this.microbatches = microbatches;
        memory = rank.device().allocate(2 * Tensor.bytes(DType.I32, tokens), purpose);
        rank.stream().fill(Tensor.of(memory, 0, DType.I32, 2 * tokens), 0);
    }

    /** The buffers of one microbatch. */
    DocumentStarts of(int microbatch) {
        return new DocumentStarts(part(0, microbatch), part(1, microbatch));
    }

    /** Enqueues the copies of a batch's starts, which must have no {@link #problem}, and of the positions that follow from them. */
    void upload(Batch batch) {
        int[] starts = batch.starts_T().orElseGet(() -> new int[batch.tokens()]);
        int[] positions = new int[starts.length];
        for (int t = 0; t < starts.length; t++) {
            positions[t] = t % sequence - starts[t];
        }
        rank.stream().upload(MemorySegment.ofArray(starts), all(0));
        rank.stream().upload(MemorySegment.ofArray(positions), all(1));
    }

    /** Says in words what is wrong with the starts of a batch; empty if nothing is. */
    static Optional<String> problem(int[] starts_T, int sequence) {
        for (int t = 0; t < starts_T.length; t++) {
            int s = t % sequence;
            int before = s == 0 ? 0 : starts_T[t - 1];
            if (starts_T[t] != s && (s == 0 || starts_T[t] != before)) {
                return Optional
                        .of("token " + s + " of sequence " + t / sequence + " of the batch says that its document"
                                + " begins at " + starts_T[t] + ": it begins at " + (s == 0 ? "0, like each sequence"
                                        : before + " like that of the token before it, or at " + s));
            }
        }
        return Optional.empty();
    }

    private Tensor part(int which, int microbatch) {
        long tokens = all(which).elements() / microbatches;
        return all(which).slice(0, microbatch * tokens, (microbatch + 1) * tokens);
    }

    private Tensor all(int which) {
        long tokens = memory.bytes() / (2 * Integer.BYTES);
        return Tensor.of(memory, which * Tensor.bytes(DType.I32, tokens), DType.I32, tokens);
    }

    @Override
    public void close() {
        memory.close();
    }
}
