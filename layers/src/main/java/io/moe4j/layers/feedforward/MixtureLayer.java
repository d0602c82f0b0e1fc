package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.ExpertBalance;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.block.RouterLossSums;
import io.moe4j.layers.unit.UnitBuilder;
import java.util.Optional;

/** Gate, shared network and routed experts of one block. */
final class MixtureLayer implements Layer {
    private final MixtureOfExperts spec;
    private final boolean roundRobin;
    private final ModelContext context;
    private final ExpertKernels kernels;
    private final ExpertBalance.Layer balance;
    private final Optional<RouterLossSums.Layer> lossSums;
    private final Parameter gate_ED;
    private final Optional<SwiGluNetwork> shared;
    private final ExpertMatrix gateUp_e2FD;
    private final ExpertMatrix down_eDF;

    MixtureLayer(MixtureOfExperts spec, BlockBuilder block) {
        this.spec = spec;
        this.roundRobin = block.context().forceLoadBalance();
        this.context = block.context();
        this.kernels = block.context().kernels().orElseThrow();
        this.balance = block.balance().orElseThrow();
        this.lossSums = block.routerLosses();
        this.gate_ED = block.dense().matrix("gate", block.prefix() + "mlp.gate.weight", UnitBuilder.STD, spec.count(),
                block.dim());
        this.shared = spec.shared() == 0 ? Optional.empty()
                : Optional.of(SwiGluNetwork.of(block, "shared", "mlp.shared_experts.", spec.sharedHidden()));
        int local = spec.count() / block.context().expertGroup().size();
        UnitBuilder.Experts mine = new UnitBuilder.Experts(block.context().expertGroup().index() * local, local);
        String at = block.prefix() + "mlp.experts.";
        this.gateUp_e2FD = matrix(block, block.experts().expertGateUp("gate_up", at, block.outputStd(), mine,
                spec.hidden(), block.dim()));
        this.down_eDF = matrix(block, block.experts().expertDown("down", at, block.outputStd(), mine, block.dim(),
                spec.hidden()));
    }

    /** With one round, a single product computes the whole gradient. */
    private static ExpertMatrix matrix(BlockBuilder block, Parameter weight_eOI) {
        weight_eOI.multiplyIn(block.context().precision().experts());
        if (block.context().comm().map(CommBackend::maxRounds).orElse(1) == 1) {
            weight_eOI.withOneContribution();
        }
        return new ExpertMatrix(weight_eOI, block.expertAdapters().of(weight_eOI));
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        CommBackend comm = context.exchange(x_TD.tensor().dim(0));
        Variable logits = tape.apply(new GateLogits(x_TD, gate_ED), x_TD);
        Variable scores = tape.apply(new GateScores(spec.gate(), logits), logits);
        // Forward decides here: its operations run when they are applied, so the scores have been computed. Recompute uses the kept decision.
        Routing routing = tape.kept(Routing.class, "routing",
                () -> decide(tape, comm, logits.tensor(), scores.tensor()));
        Variable chosen = tape.apply(new GateWeights(spec.gate(), routing, scores), logits, scores);
        Variable weights = routing.counts_BE().isEmpty() ? chosen
                : tape.apply(new RouterLosses(losses(), context.routerLosses(), routing, chosen, logits), chosen,
                        logits);
        ExpertExchange routed = new ExpertExchange(comm, kernels, routing, gateUp_e2FD, down_eDF, x_TD, weights,
                context.precision().dispatched());
        return shared.map(network -> routed.apply(tape, network)).orElseGet(() -> routed.apply(tape));
    }

    private RoutingOps.Losses losses() {
        return RoutingOps.Losses.of(spec.gate().score(), spec.gate().topK(), context.sequence());
    }

    /** Sums the router's auxiliary losses, if there are any; returns the counts that backward needs. */
    private Optional<Tensor> addLosses(Tape tape, Tensor logits_TE, Tensor ids_TK) {
        return lossSums.filter(sums -> !tape.isInference()).map(sums -> {
            Tensor counts_BE = tape.rank().memory().keep("routing", DType.I32,
                    logits_TE.dim(0) / context.sequence(), spec.count());
            tape.ops().routing().countBySequence(tape.stream(), ids_TK, counts_BE);
            RouterLosses.addTerms(tape, losses(), logits_TE, counts_BE, sums.open());
            return counts_BE;
        });
    }

    private Routing decide(Tape tape, CommBackend comm, Tensor logits_TE, Tensor scores_TE) {
        if (tape.isRecompute()) {
            throw new IllegalStateException("a block is recomputed without what its forward has kept");
        }
        Tensor ids_TK = tape.rank().memory().keep("routing", DType.I32, scores_TE.dim(0), spec.gate().topK());
        try (Spans.Span span = tape.rank().spans().open("gate", "selection of experts")) {
            if (roundRobin) {
                tape.ops().routing().selectRoundRobin(tape.stream(), spec.gate(), spec.count(), ids_TK);
            } else {
                tape.ops().routing().select(tape.stream(), spec.gate(), scores_TE, balance.bias_E(), ids_TK);
            }
        }
        DispatchPlan plan = comm.plan(ids_TK);
        if (!tape.isInference()) {
            balance.count(plan.tokensPerExpert_E());
        }
        return new Routing(ids_TK, plan, addLosses(tape, logits_TE, ids_TK));
    }
}
