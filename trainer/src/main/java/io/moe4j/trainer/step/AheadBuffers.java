package io.moe4j.trainer.step;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.TokensAhead;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The static buffers of tokens ahead, for all microbatches of a step: for each module for multi-token prediction the ids, then the labels. Module k, from 1,
 * reads the token k places later in the same document, and predicts only if all labels in between count too. For example with k = 1, a sequence of two
 * documents of 3 tokens:
 *
 * <pre>
 * ids     [5, 6, 7, 8, 9, 4]       starts [0, 0, 0, 3, 3, 3]
 * labels  [6, 7, -100, 9, 4, 2]
 * ahead   [6, 7, 7, 9, 4, 4]       labels [7, -100, -100, 4, 2, -100]
 * </pre>
 */
final class AheadBuffers implements AutoCloseable {
    private final RankContext rank;
    private final Memory memory;
    private final int modules;
    private final int sequence;
    private final int microbatches;
    private List<Long> targets;

    /**
     * Allocates the buffers.
     *
     * @param sequence S
     * @param tokens number of tokens of all microbatches
     */
    AheadBuffers(RankContext rank, int modules, int sequence, long tokens, int microbatches) {
        this.rank = rank;
        this.modules = modules;
        this.sequence = sequence;
        this.microbatches = microbatches;
        memory = rank.device().allocate(2L * modules * Tensor.bytes(DType.I32, tokens), "step inputs");
        rank.stream().fill(Tensor.of(memory, 0, DType.I32, 2L * modules * tokens), 0);
        targets = Collections.nCopies(modules, 0L);
    }

    /** The buffers of one microbatch, module after module. */
    List<TokensAhead> of(int microbatch) {
        List<TokensAhead> ahead = new ArrayList<>();
        for (int k = 0; k < modules; k++) {
            ahead.add(new TokensAhead(part(2 * k, microbatch), part(2 * k + 1, microbatch)));
        }
        return ahead;
    }

    /** How many labels of each module count in the batch that was uploaded last. */
    List<Long> targets() {
        return targets;
    }

    /** Enqueues the copies of a batch's tokens and labels ahead. */
    void upload(Batch batch) {
        List<Long> counts = new ArrayList<>();
        for (int k = 1; k <= modules; k++) {
            int[] ids_T = new int[batch.tokens()];
            int[] labels_T = new int[batch.tokens()];
            for (int t = 0; t < ids_T.length; t++) {
                int to = ahead(batch, t, k);
                ids_T[t] = batch.ids_T()[to];
                labels_T[t] = to == t + k && count(batch, t, to) ? batch.labels_T()[to] : LossOps.IGNORED_LABEL;
            }
            rank.stream().upload(MemorySegment.ofArray(ids_T), all(2 * k - 2));
            rank.stream().upload(MemorySegment.ofArray(labels_T), all(2 * k - 1));
            counts.add(Arrays.stream(labels_T).filter(label -> label != LossOps.IGNORED_LABEL).count());
        }
        targets = List.copyOf(counts);
    }

    /** The token k places after token t, or the last one of its document. */
    private int ahead(Batch batch, int t, int k) {
        int to = t;
        while (to < t + k && (to + 1) % sequence != 0
                && (batch.starts_T().isEmpty() || batch.starts_T().get()[to + 1] == batch.starts_T().get()[t])) {
            to++;
        }
        return to;
    }

    /** Whether all labels of the tokens in [from, to) count; one that does not may be the end of a document. */
    private static boolean count(Batch batch, int from, int to) {
        return Arrays.stream(batch.labels_T(), from, to).noneMatch(label -> label == LossOps.IGNORED_LABEL);
    }

    private Tensor part(int which, int microbatch) {
        long tokens = all(which).elements() / microbatches;
        return all(which).slice(0, microbatch * tokens, (microbatch + 1) * tokens);
    }

    private Tensor all(int which) {
        long tokens = memory.bytes() / (2L * modules * Integer.BYTES);
        return Tensor.of(memory, which * Tensor.bytes(DType.I32, tokens), DType.I32, tokens);
    }

    @Override
    public void close() {
        memory.close();
    }
}
