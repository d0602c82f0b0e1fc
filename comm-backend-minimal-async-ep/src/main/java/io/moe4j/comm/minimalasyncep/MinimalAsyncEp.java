package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.comm.support.DedupRule;
import io.moe4j.api.comm.support.ExchangeChecks;
import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.comm.support.KeptPlace;
import io.moe4j.api.comm.support.KeptRows;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.spi.Setting;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Expert-parallel exchange over peer memory. All work is launched on one stream, the host reads nothing, and every launch has the same arguments in each
 * step, so a step can be captured. That stream is the rank's main stream or, if the rank has one, its stream for communication: see {@link ExchangeStream}.
 *
 * <p>Memory that peers write (counts, receive buffers) is protected by two kinds of barriers: one <em>before</em> writing, so that all ranks that
 * read the old content have finished, and one <em>after</em>, so that all ranks that read the new content see all of it. {@link PeerGroup#barrier}
 * releases and acquires at system scope, so this also holds between devices. The barriers do not depend on any state of the host, so this also holds
 * between the end of one replay of a graph and the beginning of the next.
 */
final class MinimalAsyncEp implements CommBackend {
    static final String ID = "minimal_async_ep";
    /** For exchanges on a stream of their own: how many groups of 256 threads copy rows. Four groups fill a multiprocessor. */
    static final Setting<Long> BLOCKS_BESIDE = Setting.integer("blocks_beside", 128, 1, 1 << 16);
    /** For exchanges on a stream of their own: how many multiprocessors the products of the main stream leave to them. */
    static final Setting<Long> MULTIPROCESSORS_BESIDE = Setting.integer("multiprocessors_beside", 32, 0, 1 << 10);

    private static final Logger log = LoggerFactory.getLogger(MinimalAsyncEp.class);

    private final ExchangeChecks checks;
    private final CommConfig config;
    private final CommContext context;
    private final Group group;
    private final PeerGroup peers;
    private final ExchangeStream exchange;
    private final MemoryStack memory;
    private final Resources resources;
    private final EpKernels kernels;
    private final SymmetricMemory counts;
    private final Tensor counts_EPE;
    private final Tensor statistics_2;
    /** For each rank, 1 if a row is sent to it only once; absent if each copy is sent separately to all ranks. */
    private final Optional<Tensor> far_EP;
    private final Optional<Tensor> roundStatistics_3;
    private final Map<ReceiveBuffer, ReceiveSlot> slots = new EnumMap<>(ReceiveBuffer.class);
    private final KeptRows<KeptSlot> keeping;
    private long dispatches;
    private boolean closed;

    static MinimalAsyncEp open(CommConfig config, CommContext context, boolean supportsRows) {
        ExchangeChecks checks = new ExchangeChecks(ID, config);
        checks.group(context.group());
        checks.rowType(context.rank().device().targetKind(), supportsRows);
        if (context.peers().isEmpty()) {
            throw new DeviceException("minimal_async_ep was opened without peer memory; open a PeerGroup on the device,"
                    + " as its requirements say");
        }
        return Resources.open(ID, resources -> new MinimalAsyncEp(checks, context, resources));
    }

    private MinimalAsyncEp(ExchangeChecks checks, CommContext context, Resources resources) {
        this.checks = checks;
        config = checks.config();
        this.context = context;
        this.resources = resources;
        group = context.group();
        peers = context.peers().orElseThrow();
        exchange = new ExchangeStream(context.rank());
        memory = context.rank().memory();
        Device device = context.rank().device();
        kernels = new EpKernels(config, context, exchange, resources);
        counts = resources.add(peers.allocate(Tensor.bytes(DType.I32, group.size(), config.experts()),
                "exchange counts"));
        counts_EPE = Tensor.of(counts.local(), 0, DType.I32, group.size(), config.experts());
        for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
            slots.put(buffer, new ReceiveSlot(buffer, peers, resources, config, capacityRows()));
        }
        keeping = new KeptRows<>(IntStream.range(0, config.keptDispatches())
                .mapToObj(each -> new KeptSlot(peers, resources, config, capacityRows())).toList());
        Memory own = resources.add(device.allocate(
                Tensor.bytes(DType.I64, 2) + Tensor.bytes(DType.I32, group.size()), "exchange statistics"));
        statistics_2 = Tensor.of(own, 0, DType.I64, 2);
        roundStatistics_3 = maxRounds() == 1 ? Optional.empty()
                : Optional.of(Tensor.of(resources.add(device.allocate(Tensor.bytes(DType.I64, 3),
                        "exchange statistics")), 0, DType.I64, 3));
        resetStatistics();
        far_EP = farRanks(Tensor.of(own, statistics_2.bytes(), DType.I32, group.size()));
        log.debug("minimal_async_ep: rank {} of {} receives up to {} rows in a round, in up to {} rounds, and sends {}",
                group.index(), group.size(), capacityRows(), maxRounds(),
                far_EP.isPresent() ? "a row once to each far rank" : "each copy of a row by itself");
    }

    /** Marks the ranks to which a row is sent only once. All ranks decide in the same way whether there are any. */
    private Optional<Tensor> farRanks(Tensor far_EP) {
        exchange.fork();
        exchange.stream().fill(far_EP, 0);
        boolean any = false;
        for (int index = 0; index < group.size(); index++) {
            boolean far = index != group.index() && switch (config.dedup()) {
                case ON -> true;
                case AUTO -> peers.isOnAnotherDevice(index) && DedupRule.pays(config, group.size());
                case OFF -> false;
            };
            if (far) {
                exchange.stream().fill(far_EP.slice(0, index, index + 1L), 1);
                any = true;
            }
        }
        return any ? Optional.of(far_EP) : Optional.empty();
    }

    @Override
    public EpPlan plan(Tensor ids_TK) {
        checkOpen();
        checks.ids(ids_TK);
        int experts = config.experts();
        int localExperts = experts / group.size();
        EpPlan plan = new EpPlan(this, memory.keep("exchange plans", DType.I64, config.routedRows()),
                memory.keep("exchange plans", DType.I32, localExperts),
                memory.keep("exchange plans", DType.I32, experts),
                maxRounds() == 1 ? Optional.empty() : Optional.of(EpRounds.keep(memory, localExperts)), false);
        try (Scope scratch = memory.open()) {
            exchange.fork();
            Tensor counts_BE = memory.allocate("exchange plan scratch", DType.I32,
                    Math.ceilDiv(config.routedRows(), ExpertSort.BLOCK_ROWS), experts);
            Tensor starts_E = memory.allocate("exchange plan scratch", DType.I64, experts);
            kernels.countRows(ids_TK, counts_BE);
            // Before: a slower peer may still be reading its counts of the previous plan.
            peers.barrier(exchange.stream(), "plan, counts may be overwritten");
            kernels.publishCounts(counts_BE, counts);
            // After: the next kernel reads the counts that all peers wrote here.
            peers.barrier(exchange.stream(), "plan, counts have arrived");
            kernels.placeSegments(counts_EPE, starts_E, plan, statistics_2);
            plan.rounds().ifPresent(
                    rounds -> kernels.planRounds(counts_EPE, plan, rounds, roundStatistics_3.orElseThrow()));
            kernels.placeRows(ids_TK, counts_BE, starts_E, plan);
            // Before the scope gives the scratch memory back.
            exchange.join();
        }
        return plan;
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        checkOpen();
        checks.dispatch(request);
        EpPlan plan = own(request.plan());
        ReceiveSlot slot = slot(request.into());
        Optional<KeptSlot> kept = request.keepsRows() ? Optional.of(keeping.take()) : Optional.empty();
        long number = ++dispatches;
        slot.take(number);
        kept.ifPresent(own -> own.take(number));
        EpLease lease = new EpLease(plan, kept.<Landing>map(own -> own).orElse(slot), slot, number, keeping);
        // Before: the experts of a peer may still be using the rows in its buffer, or in the memory of kept rows that it has released, and other peers
        // may still be fetching some of these rows for the previous combine.
        exchange.fork();
        peers.barrier(exchange.stream(), "dispatch, buffer " + slot.name() + " may be overwritten");
        far_EP.ifPresentOrElse(
                far -> kernels.dispatchRowsOnce(request, far, lease),
                () -> kernels.dispatchRows(request, plan, lease.landing()));
        if (exchange.isBesideMain() && request.besideMain()) {
            arrive(lease);
            return new Arrival(lease, Optional.of(exchange.end()));
        }
        exchange.join();
        return new Arrival(lease, Optional.empty());
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        checkOpen();
        checks.combine(request);
        checks.waiting(request, maxRounds());
        if (!(request.rows() instanceof EpLease lease)) {
            throw checks.foreign(request.rows());
        }
        lease.slot().check(lease.dispatch());
        EpPlan plan = own(lease.plan());
        // Before: the experts of all peers must have written the rows that are fetched now. No barrier is needed after: only this rank reads the
        // sums, and the next dispatch has its own barrier before it overwrites the buffer.
        exchange.fork();
        peers.barrier(exchange.stream(), "combine, experts have written " + lease.slot().name());
        kernels.combine(plan, lease.slot(), request);
        if (exchange.isBesideMain() && request.besideMain()) {
            Event end = exchange.end();
            return () -> {
                exchange.join(end);
                return request.out_TD();
            };
        }
        exchange.join();
        return request::out_TD;
    }

    @Override
    public int multiprocessorsBeside() {
        return exchange.isBesideMain()
                ? Math.toIntExact(context.rank().settings(ID).get(MULTIPROCESSORS_BESIDE))
                : 0;
    }

    @Override
    public int maxRounds() {
        return config.maxRounds(group.size());
    }

    /**
     * All ranks make the same number of rounds, because each computes it from the counts of all; so each barrier is launched by all of them, even by a rank
     * that has nothing left to receive. Where the device can repeat work, a captured graph makes only the rounds that are needed. Otherwise the host
     * enqueues as many as the worst case needs, and the kernels of a round that is not needed end at once. The body of a loop uses one stream, so these
     * rounds are made on the main stream.
     */
    @Override
    public void furtherRounds(DispatchPlan plan, Consumer<DispatchPlan> round) {
        checkOpen();
        EpPlan own = own(plan);
        own.rounds().ifPresent(rounds -> exchange.onMain(main -> main.repeat(rounds.loop(maxRounds()), () -> {
            kernels.openRound(rounds);
            round.accept(own.furtherRound());
        })));
    }

    @Override
    public Optional<Tensor> roundStatistics() {
        checkOpen();
        return roundStatistics_3;
    }

    @Override
    public Optional<Tensor> statistics() {
        checkOpen();
        return Optional.of(statistics_2);
    }

    @Override
    public void resetStatistics() {
        checkOpen();
        exchange.fork();
        exchange.stream().fill(statistics_2, 0);
        roundStatistics_3.ifPresent(statistics -> exchange.stream().fill(statistics, 0));
        exchange.join();
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
            // Peers may still be fetching rows from here, so nothing is freed until the streams of all ranks are empty.
            exchange.synchronize();
            context.rank().rendezvous().exchange(group, "minimal_async_ep closes", new byte[0]);
        } catch (RuntimeException e) {
            log.debug("minimal_async_ep is closed after a failure", e);
        } finally {
            resources.close();
        }
    }

    private void arrive(EpLease lease) {
        // After: the work that follows reads the rows that all peers wrote here.
        peers.barrier(exchange.stream(), "dispatch, rows have arrived in " + lease.slot().name());
        if (far_EP.isPresent()) {
            // Only this rank reads the copies, so they need no barrier.
            kernels.spreadRows(lease);
        }
    }

    /**
     * Rows that are still arriving. If exchanges use the main stream, the barrier is launched only when the rows are awaited, so that other work can be
     * launched before it. If they have a stream of their own, it has been launched already, and the main stream waits for its end.
     */
    private final class Arrival implements PendingRows {
        private final EpLease lease;
        private final Optional<Event> launched;
        private boolean arrived;

        Arrival(EpLease lease, Optional<Event> launched) {
            this.lease = lease;
            this.launched = launched;
        }

        @Override
        public ReceivedRows await() {
            checkOpen();
            lease.landing().check(lease.dispatch());
            if (!arrived) {
                // Also for kept rows: their chains are in the buffer's memory, which the next dispatch into it overwrites.
                lease.slot().check(lease.dispatch());
                launched.ifPresentOrElse(exchange::join, () -> {
                    exchange.fork();
                    arrive(lease);
                    exchange.join();
                });
                arrived = true;
            }
            return lease;
        }
    }

    private ReceiveSlot slot(ReceiveBuffer buffer) {
        ReceiveSlot slot = slots.get(buffer);
        if (slot == null) {
            throw new IllegalArgumentException(
                    "there is no receive buffer " + buffer + "; there are " + slots.keySet());
        }
        return slot;
    }

    private EpPlan own(DispatchPlan plan) {
        if (plan instanceof EpPlan own && own.owner() == this) {
            return own;
        }
        throw checks.foreign(plan);
    }

    private void checkOpen() {
        checks.open(closed);
    }
}
