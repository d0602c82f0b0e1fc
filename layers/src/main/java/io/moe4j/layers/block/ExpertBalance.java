package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.autograd.sharding.ShardGroup;
import java.util.Optional;

/**
 * Biases and token counts of the experts of all layers: balance without an auxiliary loss (Wang et al., "Auxiliary-Loss-Free Load Balancing Strategy for
 * Mixture-of-Experts", 2024).
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ExpertBalance implements AutoCloseable {
    private final RankContext rank;
    private final Memory memory;
    private final Tensor bias_LE;
    private final Tensor tokens_LE;
    private final Tensor allTokens_LE;
    private Microbatch microbatch = Microbatch.ONLY;

    /** Biases and counts start at zero. */
    public ExpertBalance(RankContext rank, int layers, int experts) {
        this.rank = rank;
        long bytes = Tensor.bytes(DType.F32, layers, experts);
        this.memory = rank.device().allocate(3 * bytes, "expert balance");
        this.bias_LE = Tensor.of(memory, 0, DType.F32, layers, experts);
        this.tokens_LE = Tensor.of(memory, bytes, DType.I32, layers, experts);
        this.allTokens_LE = Tensor.of(memory, 2 * bytes, DType.I32, layers, experts);
        rank.stream().fill(bias_LE, 0);
        rank.stream().fill(tokens_LE, 0);
        rank.stream().fill(allTokens_LE, 0);
    }

    /** Biases and counts of MoE layer {@code index}, from 0. */
    public Layer layer(int index) {
        return new Layer(this, bias_LE.select(index), tokens_LE.select(index));
    }

    /** Sets the microbatch of the counts that follow: those of a step's first microbatch overwrite the old counts, later ones are added. */
    public void begin(Microbatch next) {
        microbatch = next;
    }

    /**
     * Moves the biases towards balance. Counts cover one expert-parallel group. The ranks that hold the same experts belong to different groups, one in each,
     * so summing over these ranks gives the sum over all ranks.
     *
     * @param experts the ranks that hold the experts' units
     */
    public void update(ShardGroup experts, float coefficient) {
        rank.stream().copy(tokens_LE, allTokens_LE);
        sum(experts.shards());
        sum(experts.replicas());
        for (long layer = 0; layer < bias_LE.dim(0); layer++) {
            rank.device().ops().routing().updateBias(rank.stream(), allTokens_LE.select(layer), bias_LE.select(layer),
                    coefficient);
        }
    }

    private void sum(Optional<Collectives> over) {
        over.filter(collectives -> collectives.group().size() > 1)
                .ifPresent(collectives -> collectives.allReduce(rank.stream(), allTokens_LE));
    }

    @Override
    public void close() {
        memory.close();
    }

    /**
     * Biases and counts of one layer.
     *
     * @param balance the balance of all layers
     * @param bias_E F32, added to the scores for selection
     * @param tokens_E I32, tokens of each expert in the step's microbatches so far
     */
    public record Layer(ExpertBalance balance, Tensor bias_E, Tensor tokens_E) {

        /** Adds the number of tokens that each expert receives in the current microbatch: I32 (E). */
        public void count(Tensor tokensOfMicrobatch_E) {
            Stream stream = balance.rank.stream();
            if (balance.microbatch.isFirst()) {
                stream.copy(tokensOfMicrobatch_E, tokens_E);
            } else {
                balance.rank.device().ops().routing().addCounts(stream, tokensOfMicrobatch_E, tokens_E);
            }
        }
    }
}
