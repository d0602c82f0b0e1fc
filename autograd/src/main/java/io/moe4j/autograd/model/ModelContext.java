package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import java.util.Optional;

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
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ModelContext(RankContext rank, long batch, long sequence, Precision precision, ShardGroup dense,
        ShardGroup expert,
        Group expertGroup, Optional<CommBackend> comm, Optional<ExpertKernels> kernels, RecomputePolicy recompute,
        boolean forceLoadBalance, long seed, boolean blank) {

    /** A context with initial values. */
    public ModelContext(RankContext rank, long batch, long sequence, Precision precision, ShardGroup dense,
            ShardGroup expert, Group expertGroup, Optional<CommBackend> comm, Optional<ExpertKernels> kernels,
            RecomputePolicy recompute, boolean forceLoadBalance, long seed) {
        this(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute, forceLoadBalance,
                seed, false);
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
                Optional.of(experts), recompute, forceLoadBalance, seed, blank);
    }

    /** With round-robin instead of learned routing, or not. */
    public ModelContext withForceLoadBalance(boolean forced) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forced, seed, blank);
    }

    /** With parameters that begin as zeros, or not. */
    public ModelContext withBlank(boolean value) {
        return new ModelContext(rank, batch, sequence, precision, dense, expert, expertGroup, comm, kernels, recompute,
                forceLoadBalance, seed, value);
    }

    /** T = B·S. */
    public long tokens() {
        return batch * sequence;
    }
}
