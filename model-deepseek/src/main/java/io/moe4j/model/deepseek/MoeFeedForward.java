package io.moe4j.model.deepseek;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/** Gate, shared network and routed experts of one block. */
final class MoeFeedForward implements FeedForwardLayer {
    private final FeedForward.MixtureOfExperts spec;
    private final ModelContext context;
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final ExpertBalance.Layer balance;
    private final Parameter gate_ED;
    private final Optional<DenseFeedForward> shared;
    private final Parameter gateUp_e2FD;
    private final Parameter down_eDF;

    /**
     * @param dense takes the parameters that every rank has
     * @param local takes those of this rank's experts
     */
    MoeFeedForward(FeedForward.MixtureOfExperts spec, long dim, ModelContext context, ExpertBalance.Layer balance,
            UnitBuilder dense, UnitBuilder local, String prefix, double outputStd) {
        this.spec = spec;
        this.context = context;
        this.comm = context.comm().orElseThrow();
        this.kernels = context.kernels().orElseThrow();
        this.balance = balance;
        String at = prefix + "mlp.";
        this.gate_ED = dense.matrix("gate", at + "gate.weight", UnitBuilder.STD, spec.experts(), dim);
        this.shared = spec.shared() == 0 ? Optional.empty()
                : Optional.of(DenseFeedForward.of(dense, "shared", at + "shared_experts.", outputStd,
                        spec.sharedHidden(), dim));
        int count = spec.experts() / context.expertGroup().size();
        UnitBuilder.Experts mine = new UnitBuilder.Experts(context.expertGroup().index() * count, count);
        this.gateUp_e2FD = local.expertGateUp("gate_up", at + "experts.", outputStd, mine, spec.hidden(), dim);
        this.down_eDF = local.expertDown("down", at + "experts.", outputStd, mine, dim, spec.hidden());
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        Variable logits = tape.apply(new GateLogits(x_TD, gate_ED), x_TD);
        Variable weights = tape.apply(new GateWeights(spec.gate(), logits, scores -> decide(tape, scores)), logits);
        ExpertExchange exchange = new ExpertExchange(comm, kernels, gateUp_e2FD, down_eDF);
        Variable hidden = tape.apply(new ExpertHidden(exchange, x_TD, weights), x_TD, weights);
        Variable routed = tape.apply(new ExpertOutput(exchange, hidden, x_TD.tensor().dim(0)), hidden);
        return shared.map(network -> Functions.add(tape, routed, network.forward(tape, x_TD))).orElse(routed);
    }

    /** What the gate of this segment decided in forward. */
    static Routing routing(Tape tape) {
        return tape.kept(Routing.class, GateWeights.ROUTING, () -> {
            throw new IllegalStateException("experts are used before their gate has decided");
        });
    }

    private Routing decide(Tape tape, Tensor scores_TE) {
        Tensor ids_TK = tape.rank().memory().keep("routing", DType.I32, scores_TE.dim(0), spec.gate().topK());
        if (context.forceLoadBalance()) {
            tape.ops().routing().selectRoundRobin(tape.stream(), spec.gate(), spec.experts(), ids_TK);
        } else {
            tape.ops().routing().select(tape.stream(), spec.gate(), scores_TE, balance.bias_E(), ids_TK);
        }
        DispatchPlan plan = comm.plan(ids_TK);
        tape.stream().copy(plan.tokensPerExpert_E(), balance.tokens_E());
        return new Routing(ids_TK, plan);
    }
}
