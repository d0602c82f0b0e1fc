package example.gatherall;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.comm.support.ExchangeChecks;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * The simplest exchange that keeps the contract: all tokens go to all ranks, and each picks the rows of its experts. Nothing is read by the host,
 * so that steps can be captured. T tokens and N = T·K routed rows a rank, EP ranks, E experts, e of them here, R_max rows at most.
 */
final class GatherAll implements CommBackend {
    private static final String SCRATCH = "exchange scratch";

    private final ExchangeChecks checks;
    private final CommConfig config;
    private final Resources resources;
    private final Collectives collectives;
    private final int ranks;
    private final int rank;
    private final long grain;
    private final Stream stream;
    private final MemoryStack memory;
    private final KernelModule kernels;

    private boolean closed;

    GatherAll(ExchangeChecks checks, CommContext context, Resources resources) {
        this.checks = checks;
        this.resources = resources;
        config = checks.config();
        collectives = context.collectives().orElseThrow();
        ranks = context.group().size();
        rank = context.group().index();
        grain = context.rank().settings(GatherAllProvider.ID).get(GatherAllProvider.GRAIN);
        stream = context.rank().stream();
        memory = context.rank().memory();
        kernels = resources.add(context.rank().device().load(GatherAllKernels.source()));
    }

    /** @param places_EPN I32: where a routed row of any rank is among the rows received here; -1 if it is another's */
    private record Plan(GatherAll owner, Tensor places_EPN, Tensor offsets_e, Tensor tokensPerExpert_E)
            implements DispatchPlan {}

    private record Rows(Plan plan, Tensor rows_RD, Tensor weights_R, Tensor scalars_R) implements ReceivedRows {}

    @Override
    public DispatchPlan plan(Tensor ids_TK) {
        checkOpen();
        checks.ids(ids_TK);
        int experts = config.experts() / ranks;
        // Kept until the step ends, for recompute and backward.
        Plan plan = new Plan(this, memory.keep("exchange plans", DType.I32, ranks * config.routedRows()),
                memory.keep("exchange plans", DType.I32, experts),
                memory.keep("exchange plans", DType.I32, config.experts()));
        try (Scope scratch = memory.open()) {
            Tensor ids_EPN = memory.allocate(SCRATCH, DType.I32, ranks * config.routedRows());
            collectives.allGather(stream, ids_TK, ids_EPN);
            launch(GatherAllKernels.PLACE, KernelArg.of(ids_EPN), KernelArg.of(ids_EPN.elements()),
                    KernelArg.of(config.experts()), KernelArg.of(rank * experts), KernelArg.of(experts),
                    KernelArg.of(plan.places_EPN), KernelArg.of(plan.offsets_e), KernelArg.of(plan.tokensPerExpert_E));
        }
        return plan;
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        checkOpen();
        checks.dispatch(request);
        Plan plan = own(request.plan());
        Rows rows = new Rows(plan, memory.allocate("received rows", DType.F32, capacityRows(), config.dim()),
                memory.allocate("received rows", DType.F32, capacityRows()),
                memory.allocate("received rows", DType.F32, capacityRows()));
        fetch(plan, request.x_TD(), config.topK(), config.dim(), rows.rows_RD);
        request.weights_TK().ifPresent(weights_TK -> fetch(plan, weights_TK, 1, 1, rows.weights_R));
        return () -> rows;
    }

    /** Gathers what all ranks have, and picks this rank's rows; {@code sharers} routed rows share one of the source. */
    private void fetch(Plan plan, Tensor source, int sharers, long dim, Tensor received) {
        try (Scope scratch = memory.open()) {
            Tensor all = memory.allocate(SCRATCH, DType.F32, ranks * source.elements());
            collectives.allGather(stream, source, all);
            launch(GatherAllKernels.PICK, KernelArg.of(all), KernelArg.of(plan.places_EPN),
                    KernelArg.of(plan.places_EPN.elements()), KernelArg.of(sharers), KernelArg.of(dim),
                    KernelArg.of(received), KernelArg.of(grain));
        }
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        checkOpen();
        checks.combine(request);
        if (!(request.rows() instanceof Rows rows)) {
            throw checks.foreign(request.rows());
        }
        Plan plan = own(rows.plan);
        try (Scope scratch = memory.open()) {
            Tensor returned_ND = memory.allocate(SCRATCH, DType.F32, config.routedRows(), config.dim());
            giveBack(plan, rows.rows_RD, config.dim(), returned_ND);
            launch(GatherAllKernels.SUM, KernelArg.of(returned_ND), KernelArg.of(config.tokens()),
                    KernelArg.of(config.topK()), KernelArg.of(config.dim()), KernelArg.of(request.out_TD()));
        }
        request.scalars_TK().ifPresent(scalars_TK -> giveBack(plan, rows.scalars_R, 1, scalars_TK));
        return request::out_TD;
    }

    /** Each row has one owner, and all others add zero to it. */
    private void giveBack(Plan plan, Tensor computed, long dim, Tensor returned) {
        try (Scope scratch = memory.open()) {
            Tensor all = memory.allocate(SCRATCH, DType.F32, ranks * returned.elements());
            launch(GatherAllKernels.SPREAD, KernelArg.of(computed), KernelArg.of(plan.places_EPN),
                    KernelArg.of(plan.places_EPN.elements()), KernelArg.of(dim), KernelArg.of(all), KernelArg.of(grain));
            collectives.reduceScatter(stream, all, returned);
        }
    }

    private Plan own(DispatchPlan plan) {
        if (plan instanceof Plan own && own.owner == this) {
            return own;
        }
        throw checks.foreign(plan);
    }

    private void checkOpen() {
        checks.open(closed);
    }

    private void launch(String kernel, KernelArg... arguments) {
        stream.launch(Launch.of(kernels.kernel(kernel), arguments));
    }

    @Override
    public long capacityRows() {
        return config.capacityRows(ranks);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            // Peers read this rank's memory until its own work has passed the end of each all-gather.
            stream.synchronize();
        } catch (RuntimeException ofTheGroup) {
            // A rank has failed, and the host knows: whatever was launched will not go on.
        } finally {
            resources.close();
        }
    }
}
