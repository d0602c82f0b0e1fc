package io.moe4j.comm.standard;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.support.ExchangeChecks;
import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.comm.support.KeptPlace;
import io.moe4j.api.comm.support.KeptRows;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.comm.standard.Rounds.RoundTensors;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Expert-parallel exchange over collectives. Each plan waits for the counts, because the host must pass them to an all-to-all; so its work cannot be
 * captured. Received rows lie in the scope that is open at their dispatch, so every recompute policy works. Memory is allocated for as many rows as the
 * capacity, whatever the routing, so it can be planned.
 */
final class Standard implements CommBackend {
    static final String ID = "standard";

    private static final Logger log = LoggerFactory.getLogger(Standard.class);

    private final ExchangeChecks checks;
    private final CommConfig config;
    private final Group group;
    private final Collectives collectives;
    private final Stream stream;
    private final MemoryStack memory;
    private final Resources resources;
    private final StandardKernels kernels;
    private final Tensor statistics_2;
    private final Optional<Tensor> roundStatistics_3;
    private final KeptRows<KeptPlace> keeping;
    private long mostRequired;
    private long dropped;
    private long plans;
    private long plansOfSeveralRounds;
    private long mostRounds;
    private boolean closed;

    static Standard open(CommConfig config, CommContext context, boolean supportsRows) {
        ExchangeChecks checks = new ExchangeChecks(ID, config);
        checks.group(context.group());
        checks.rowType(context.rank().device().targetKind(), supportsRows);
        if (context.collectives().isEmpty()) {
            throw new DeviceException("standard was opened without collectives; open some on the group, as its"
                    + " requirements say");
        }
        return Resources.open(ID, resources -> new Standard(checks, context, resources));
    }

    private Standard(ExchangeChecks checks, CommContext context, Resources resources) {
        this.checks = checks;
        config = checks.config();
        this.resources = resources;
        group = context.group();
        collectives = context.collectives().orElseThrow();
        stream = context.rank().stream();
        memory = context.rank().memory();
        kernels = new StandardKernels(config, context.rank(), resources);
        statistics_2 = Tensor.of(resources.add(context.rank().device().allocate(Tensor.bytes(DType.I64, 2),
                "exchange statistics")), 0, DType.I64, 2);
        roundStatistics_3 = maxRounds() == 1 ? Optional.empty()
                : Optional.of(Tensor.of(resources.add(context.rank().device().allocate(Tensor.bytes(DType.I64, 3),
                        "exchange statistics")), 0, DType.I64, 3));
        keeping = new KeptRows<>(IntStream.range(0, config.keptDispatches())
                .mapToObj(each -> KeptPlace.in(
                        resources.add(context.rank().device().allocate(keptBytes(), "kept expert rows")), config,
                        capacityRows()))
                .toList());
        resetStatistics();
    }

    @Override
    public StandardPlan plan(Tensor ids_TK) {
        checkOpen();
        checks.ids(ids_TK);
        int experts = config.experts();
        int ranks = group.size();
        Tensor places_N = memory.keep("exchange plans", DType.I64, config.routedRows());
        Tensor arrivals_S = memory.keep("exchange plans", DType.I64, experts);
        Tensor sources_S = memory.keep("exchange plans", DType.I64, experts);
        Tensor offsets_e = memory.keep("exchange plans", DType.I32, experts / ranks);
        Tensor tokens_E = memory.keep("exchange plans", DType.I32, experts);
        Optional<RoundTensors> rounds = maxRounds() == 1 ? Optional.empty()
                : Optional.of(RoundTensors.keep(memory, config, ranks));
        Optional<RoundTensors> further = rounds.map(each -> RoundTensors.keep(memory, config, ranks));
        try (Scope scratch = memory.open()) {
            Tensor counts_BE = memory.allocate("exchange plan scratch", DType.I32,
                    Math.ceilDiv(config.routedRows(), ExpertSort.BLOCK_ROWS), experts);
            Tensor counts_E = memory.allocate("exchange plan scratch", DType.I32, experts);
            Tensor counts_EPE = memory.allocate("exchange plan scratch", DType.I32, ranks, experts);
            Tensor starts_E = memory.allocate("exchange plan scratch", DType.I64, experts);
            Tensor kept_E = memory.allocate("exchange plan scratch", DType.I64, experts);
            kernels.countRows(ids_TK, counts_BE);
            kernels.sumCounts(counts_BE, counts_E);
            collectives.allGather(stream, counts_E, counts_EPE);
            int[] counts = new int[ranks * experts];
            stream.download(counts_EPE, MemorySegment.ofArray(counts));
            // With rounds, these are the routes of all rounds together: nothing is dropped.
            Routes routes = Routes.of(counts, ranks, experts, group.index(), 0,
                    rounds.isPresent() ? config.worstCaseRows(ranks) : capacityRows());
            stream.upload(MemorySegment.ofArray(routes.arrivals_S()), arrivals_S);
            stream.upload(MemorySegment.ofArray(routes.sources_S()), sources_S);
            stream.upload(MemorySegment.ofArray(routes.offsets_e()), offsets_e);
            stream.upload(MemorySegment.ofArray(routes.tokensPerExpert_E()), tokens_E);
            stream.upload(MemorySegment.ofArray(routes.starts_E()), starts_E);
            stream.upload(MemorySegment.ofArray(routes.kept_E()), kept_E);
            kernels.placeRows(ids_TK, counts_BE, starts_E, kept_E, places_N);
            StandardPlan plan = new StandardPlan(this, routes, places_N, arrivals_S, sources_S, offsets_e, tokens_E,
                    rounds.map(first -> new Rounds(counts, roundsFor(routes.mostRequired()), routes, places_N, first,
                            further.orElseThrow())),
                    0);
            note(plan);
            return plan.rounds().isPresent() ? round(plan, 0) : plan;
        }
    }

    private int roundsFor(long mostRows) {
        return mostRows == 0 ? 1 : Math.toIntExact(Math.ceilDiv(mostRows, capacityRows()));
    }

    /** One round of a plan, as a plan: its routes, and the tensors that the device needs for them. */
    private StandardPlan round(StandardPlan plan, int number) {
        Rounds rounds = plan.rounds().orElseThrow();
        RoundTensors tensors = number == 0 ? rounds.first() : rounds.further();
        Routes routes = rounds.routes(number, group.index(), capacityRows());
        stream.upload(MemorySegment.ofArray(routes.arrivals_S()), tensors.arrivals_S());
        stream.upload(MemorySegment.ofArray(routes.sources_S()), tensors.sources_S());
        stream.upload(MemorySegment.ofArray(routes.offsets_e()), tensors.offsets_e());
        stream.upload(MemorySegment.ofArray(new int[] {rounds.before(number, capacityRows())}), tensors.before_1());
        stream.upload(MemorySegment.ofArray(rounds.parts(routes, number, group.index(), capacityRows())),
                tensors.parts_3EP());
        kernels.selectRound(rounds.allPlaces_N(), tensors.parts_3EP(), tensors.places_N());
        return new StandardPlan(this, routes, tensors.places_N(), tensors.arrivals_S(), tensors.sources_S(),
                tensors.offsets_e(), plan.tokensPerExpert_E(), plan.rounds(), number);
    }

    @Override
    public int maxRounds() {
        return config.maxRounds(group.size());
    }

    /** Makes exactly as many rounds as the plan needs, because the host knows the number. */
    @Override
    public void furtherRounds(DispatchPlan plan, Consumer<DispatchPlan> round) {
        checkOpen();
        StandardPlan first = own(plan);
        for (int number = 1; number < first.roundCount(); number++) {
            round.accept(round(first, number));
        }
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        checkOpen();
        checks.dispatch(request);
        StandardPlan plan = own(request.plan());
        StandardRows rows = request.keepsRows() ? kept(plan, keeping.take()) : received(plan);
        send(plan, request.x_TD(), config.topK(), rows.rows_RD().withScales(Optional.empty()));
        // The scales of a row go to the same places as the row.
        request.x_TD().scales().ifPresent(scales -> send(plan, scales.values(), config.topK(),
                rows.rows_RD().scales().orElseThrow().values()));
        request.weights_TK().ifPresent(weights -> send(plan, weights.view(config.routedRows(), 1), 1,
                rows.weights_R().view(capacityRows(), 1)));
        return () -> rows;
    }

    /** Received rows in the open scope. */
    private StandardRows received(StandardPlan plan) {
        boolean scaled = config.rowType().isScaled();
        Tensor rows_RD = allocate(config.rowType(), capacityRows(), config.dim());
        Optional<Scales> scales = scaled
                ? Optional.of(Scales.ofRows(allocate(DType.F32, capacityRows(), config.scalesOfRow())))
                : Optional.empty();
        return new StandardRows(plan, rows_RD.withScales(scales),
                scaled ? allocate(config.returnType(), capacityRows(), config.dim()) : rows_RD,
                allocate(DType.F32, capacityRows()), allocate(DType.F32, capacityRows()), Optional.empty());
    }

    /** Kept rows; the outputs and scalars that combine sends back are in the open scope. */
    private StandardRows kept(StandardPlan plan, KeptPlace place) {
        return new StandardRows(plan, place.rows_RD(), allocate(config.returnType(), capacityRows(), config.dim()),
                place.weights_R(), allocate(DType.F32, capacityRows()), Optional.of(new KeptRelease(keeping, place)));
    }

    private Tensor allocate(DType type, long... shape) {
        return memory.allocate("received rows", type, shape);
    }

    /** Sends rows to the ranks of their experts, and regroups them there by expert. Each source row is shared by {@code sharers} routed rows. */
    private void send(StandardPlan plan, Tensor source, int sharers, Tensor received) {
        Routes routes = plan.routes();
        long dim = source.dim(1);
        try (Scope scratch = memory.open()) {
            Tensor packed = memory.allocate("exchange scratch", source.dtype(), config.routedRows(), dim);
            Tensor wire = memory.allocate("exchange scratch", source.dtype(), capacityRows(), dim);
            kernels.packRows(source, plan.places_N(), sharers, packed);
            collectives.allToAllV(stream, packed.slice(0, 0, routes.rowsSent()), routes.sent(),
                    wire.slice(0, 0, routes.rowsReceived()), routes.received());
            kernels.regroupRows(wire, received, plan, false);
        }
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        checkOpen();
        checks.combine(request);
        if (!(request.rows() instanceof StandardRows rows)) {
            throw checks.foreign(request.rows());
        }
        checks.waiting(request, maxRounds());
        StandardPlan plan = own(rows.plan());
        Tensor out_TD = request.out_TD();
        boolean several = plan.roundCount() > 1;
        try (Scope scratch = memory.open()) {
            Tensor returned = giveBack(plan, rows.outputs_RD());
            if (several) {
                Tensor waiting_ND = request.waiting_ND().orElseThrow();
                kernels.unpackRows(returned, plan.places_N(), waiting_ND);
                if (plan.round() == plan.roundCount() - 1) {
                    kernels.sumRows(waiting_ND, Optional.empty(), out_TD);
                }
            } else {
                kernels.sumRows(returned, Optional.of(plan.places_N()), out_TD);
            }
        }
        request.scalars_TK().ifPresent(scalars -> {
            try (Scope scratch = memory.open()) {
                Tensor returned = giveBack(plan, rows.scalars_R().view(capacityRows(), 1));
                if (several) {
                    kernels.unpackRows(returned, plan.places_N(), scalars);
                } else {
                    kernels.unpackScalars(returned, plan.places_N(), scalars);
                }
            }
        });
        return () -> out_TD;
    }

    /** Returns rows to the ranks from which they came, in the order in which those ranks had packed them. */
    private Tensor giveBack(StandardPlan plan, Tensor computed) {
        Routes routes = plan.routes();
        Tensor wire = memory.allocate("exchange scratch", computed.dtype(), capacityRows(), computed.dim(1));
        Tensor packed = memory.allocate("exchange scratch", computed.dtype(), config.routedRows(), computed.dim(1));
        kernels.regroupRows(computed, wire, plan, true);
        collectives.allToAllV(stream, wire.slice(0, 0, routes.rowsReceived()), routes.received(),
                packed.slice(0, 0, routes.rowsSent()), routes.sent());
        return packed;
    }

    private void note(StandardPlan plan) {
        long required = plan.routes().required();
        mostRequired = Math.max(mostRequired, required);
        dropped += plan.rounds().isPresent() ? 0 : Math.max(0, required - capacityRows());
        stream.upload(MemorySegment.ofArray(new long[] {mostRequired, dropped}), statistics_2);
        plans++;
        plansOfSeveralRounds += plan.roundCount() > 1 ? 1 : 0;
        mostRounds = Math.max(mostRounds, plan.roundCount());
        roundStatistics_3.ifPresent(statistics -> stream
                .upload(MemorySegment.ofArray(new long[] {plans, plansOfSeveralRounds, mostRounds}), statistics));
    }

    @Override
    public Optional<Tensor> statistics() {
        checkOpen();
        return Optional.of(statistics_2);
    }

    @Override
    public Optional<Tensor> roundStatistics() {
        checkOpen();
        return roundStatistics_3;
    }

    @Override
    public void resetStatistics() {
        checkOpen();
        mostRequired = 0;
        dropped = 0;
        plans = 0;
        plansOfSeveralRounds = 0;
        mostRounds = 0;
        stream.fill(statistics_2, 0);
        roundStatistics_3.ifPresent(statistics -> stream.fill(statistics, 0));
    }

    @Override
    public long keptBytes() {
        return KeptPlace.bytes(config, capacityRows());
    }

    @Override
    public long capacityRows() {
        return config.capacityRows(group.size());
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            stream.synchronize();
        } catch (RuntimeException e) {
            log.debug("standard is closed after a failure", e);
        } finally {
            resources.close();
        }
    }

    private StandardPlan own(DispatchPlan plan) {
        if (plan instanceof StandardPlan own && own.owner() == this) {
            return own;
        }
        throw checks.foreign(plan);
    }

    private void checkOpen() {
        checks.open(closed);
    }
}
