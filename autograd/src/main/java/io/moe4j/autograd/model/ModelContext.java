package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What a model is opened with. The opener owns its parts, and closes them after the model.
 *
 * @param rank this rank
 * @param batch B, sequences of this rank in a microbatch
 * @param sequence S, tokens of a sequence
 * @param precision element types
 * @param dense the ranks that hold all units except those of the experts
 * @param expert the ranks that hold the units of this rank's experts
 * @param expertGroup the expert-parallel group
 * @param comm the exchange of the experts' rows; present if the model has experts
 * @param kernels expert kernels; present if the model has experts
 * @param recompute how blocks run
 * @param forceLoadBalance whether routing is round-robin instead of learned
 * @param seed seed of the initial values
 * @param blank whether parameters begin as zeros, since the opener loads them from files: computing initial values takes longer than reading
 * @param forwardOnly whether the model never computes gradients, so that its units need no memory for them. Since SPI 1.4
 * @param exchanges exchanges for passes of fewer tokens than B·S, by their number of tokens; for {@link Model#openDecoding}. Since SPI 1.4
 * @param routerLosses factors of the router's auxiliary losses (load balance and z). Since SPI 1.4
 * @param predictionWeight factor of the loss of each module for multi-token prediction, which is added to the model's own loss: the weight of the mean over
 *     the modules, divided by their number. Since SPI 1.4
 * @param lora low-rank updates of some matrices; all parameters are frozen then. Since SPI 1.4
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ModelContext(RankContext rank, long batch, long sequence, Precision precision, ShardGroup dense,
        ShardGroup expert,
        Group expertGroup, Optional<CommBackend> comm, Optional<ExpertKernels> kernels, RecomputePolicy recompute,
        boolean forceLoadBalance, long seed, boolean blank, boolean forwardOnly,
        Map<Long, CommBackend> exchanges, RouterLossFactors routerLosses, float predictionWeight,
        Optional<LoraSpec> lora) {

    public ModelContext {
        exchanges = Map.copyOf(exchanges);
    }

    /** A context with initial values. */
    public ModelContext(RankContext rank, long batch, long sequence, Precision precision, ShardGroup dense,
            ShardGroup expert, Group expertGroup, Optional<CommBackend> comm, Optional<ExpertKernels> kernels,
            RecomputePolicy recompute, boolean forceLoadBalance, long seed) {
        this(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute, forceLoadBalance,
                seed, false, false, Map.of(), RouterLossFactors.NONE, 0, Optional.empty());
    }

    /** The context of a model without experts; see {@link #withExperts}. */
    public static ModelContext of(RankContext rank, long batch, long sequence, Precision precision, ShardGroup dense,
            ShardGroup expert, Group expertGroup, RecomputePolicy recompute, long seed) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, Optional.empty(),
                Optional.empty(), recompute, false, seed);
    }

    /** With the exchange and the kernels of experts. */
    public ModelContext withExperts(CommBackend exchange, ExpertKernels experts) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, Optional.of(exchange),
                Optional.of(experts), recompute, forceLoadBalance, seed, blank, forwardOnly, exchanges, routerLosses,
                predictionWeight, lora);
    }

    /** With round-robin instead of learned routing, or not. */
    public ModelContext withForceLoadBalance(boolean forced) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forced, seed, blank, forwardOnly, exchanges, routerLosses, predictionWeight, lora);
    }

    /** With parameters that begin as zeros, or not. */
    public ModelContext withBlank(boolean value) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, value, forwardOnly, exchanges, routerLosses, predictionWeight, lora);
    }

    /** For a model that never computes gradients. Since SPI 1.4. */
    public ModelContext withForwardOnly() {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, blank, true, exchanges, routerLosses, predictionWeight, lora);
    }

    /** With exchanges for passes of fewer tokens, by their number of tokens. Since SPI 1.4. */
    public ModelContext withExchanges(Map<Long, CommBackend> byTokens) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, blank, forwardOnly, byTokens, routerLosses, predictionWeight, lora);
    }

    /** With auxiliary losses of the router. Since SPI 1.4. */
    public ModelContext withRouterLosses(RouterLossFactors factors) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, blank, forwardOnly, exchanges, factors, predictionWeight, lora);
    }

    /** With a weight of the losses of multi-token prediction. Since SPI 1.4. */
    public ModelContext withPredictionWeight(float weight) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, blank, forwardOnly, exchanges, routerLosses, weight, lora);
    }

    /** With low-rank updates. Since SPI 1.4. */
    public ModelContext withLora(LoraSpec updates) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, blank, forwardOnly, exchanges, routerLosses, predictionWeight,
                Optional.of(updates));
    }

    /**
     * The exchange for a pass of this many tokens.
     *
     * @throws IllegalArgumentException if there is none
     */
    public CommBackend exchange(long tokens) {
        CommBackend exchange = exchanges.get(tokens);
        if (exchange != null) {
            return exchange;
        }
        if (tokens != tokens() || comm.isEmpty()) {
            throw new IllegalArgumentException(
                    "a pass of " + tokens + " tokens: the model was opened with exchanges for "
                            + new TreeSet<>(exchanges.keySet()) + " tokens"
                            + (comm.isPresent() ? ", and for " + tokens() : ""));
        }
        return comm.get();
    }

    /** T = B·S. */
    public long tokens() {
        return batch * sequence;
    }
}
