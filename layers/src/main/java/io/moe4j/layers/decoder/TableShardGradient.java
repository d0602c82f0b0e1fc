package io.moe4j.layers.decoder;

import io.moe4j.api.group.Collectives;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.sharding.TableShard;
import java.util.Optional;

/**
 * The embedding's gradient, computed by shards: each rank collects the ids and gradients of all ranks' tokens, and sums the rows of its own shard only, so
 * that no whole table is reduced. The result has the same bits as a reduction of whole tables: the rows of one rank's tokens are summed first, then the sums
 * of the ranks, in rank order.
 *
 * <p>Example: 102,400 words of 2,048 elements, two ranks with 16,384 tokens each, bf16. Reducing a table in fp32 moves 420 MB over the link, and the
 * table takes 839 MB; the gradients of the other rank's tokens are 67 MB.
 */
final class TableShardGradient {
    private final EmbeddingStage stage;
    private final Tape tape;
    private final TableShard shard;
    private final Collectives ranks;

    private TableShardGradient(EmbeddingStage stage, Tape tape, TableShard shard, Collectives ranks) {
        this.stage = stage;
        this.tape = tape;
        this.shard = shard;
        this.ranks = ranks;
    }

    /**
     * Empty if other stages contribute to the table too, if the device cannot sum selected rows, or if the gradients of all tokens take more bytes than the
     * table's gradient. All ranks get the same answer.
     */
    static Optional<TableShardGradient> of(EmbeddingStage stage, Tape tape, long tokens) {
        Optional<Collectives> ranks = stage.unit().group().shards();
        if (stage.tied() || !stage.others().isEmpty() || ranks.isEmpty()
                || !tape.ops().embedding().hasBackwardRows()) {
            return Optional.empty();
        }
        long words = stage.table_VD().shape()[0];
        boolean fewer = ranks.get().group().size() * tokens * stage.dtype().bytes() < words * DType.F32.bytes();
        return stage.unit().tableShard().filter(shard -> fewer)
                .map(shard -> new TableShardGradient(stage, tape, shard, ranks.get()));
    }

    void sum(Tensor ids_T, Tensor dout_TD) {
        long tokens = ids_T.elements();
        int size = ranks.group().size();
        try (Scope scope = tape.rank().memory().open()) {
            Tensor ids = tape.temporary("tokens of all ranks", DType.I32, size * tokens);
            Tensor dout = tape.temporary("gradients of all ranks' tokens", dout_TD.dtype(), size * tokens, shard.dim());
            ranks.allGather(tape.stream(), ids_T, ids);
            ranks.allGather(tape.stream(), dout_TD, dout);
            long bytes = tape.rank().device().workspaceSizes().embeddingBackward(tokens, shard.rows());
            Optional<Tensor> workspace = tape.workspace(bytes);
            stage.unit().sumGradients(sums -> {
                if (shard.rows() == 0) {
                    return;
                }
                Tensor rows_nD = sums.slice(0, 0, shard.rows() * shard.dim()).view(shard.rows(), shard.dim());
                for (int p = 0; p < size; p++) {
                    tape.ops().embedding().backwardRows(tape.stream(), ids.slice(0, p * tokens, (p + 1) * tokens),
                            dout.slice(0, p * tokens, (p + 1) * tokens), shard.first(), rows_nD, workspace);
                }
            });
        }
    }
}
