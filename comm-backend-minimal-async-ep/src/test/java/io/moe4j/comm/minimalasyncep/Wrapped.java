package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.comm.support.ForwardingCommBackend;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Forwards to the backend, with one fault. */
final class Wrapped extends ForwardingCommBackend {
    private final CommBackend real;
    private final CommContext context;
    private final Stream stream;
    private UnaryOperator<DispatchPlan> plans = UnaryOperator.identity();
    private UnaryOperator<DispatchRequest> sent = UnaryOperator.identity();
    private UnaryOperator<PendingRows> rows = UnaryOperator.identity();
    private UnaryOperator<CombineRequest> combined = UnaryOperator.identity();
    private UnaryOperator<PendingTokens> tokens = UnaryOperator.identity();
    private Runnable closing = () -> {};
    private final Map<Long, DispatchPlan> cache = new HashMap<>();
    private boolean caches;
    private boolean lazy;
    private boolean halfReset;
    private boolean neverCloses;
    private double keptPart = 1;
    private String acceptedWhenClosed = "";
    private boolean closed;
    private boolean anyPlan;
    private boolean staysLoud;
    private int capacity;
    private @Nullable PendingRows lastRows;
    private @Nullable PendingTokens lastTokens;

    Wrapped(CommBackend real, CommContext context) {
        super(real);
        this.real = real;
        this.context = context;
        stream = context.rank().stream();
    }

    Wrapped capacity(int more) {
        capacity = more;
        return this;
    }

    Wrapped received(BiConsumer<Stream, ReceivedRows> spoil) {
        rows = pending -> () -> {
            ReceivedRows received = pending.await();
            spoil.accept(stream, received);
            return received;
        };
        return this;
    }

    static void repeats(Stream stream, ReceivedRows received) {
        if (received.rows_RD().dim(0) >= 3) {
            stream.copy(received.rows_RD().select(0), received.rows_RD().select(1));
        }
    }

    static void writesPadding(Stream stream, ReceivedRows received) {
        if (received.rows_RD().dim(0) >= 3) {
            stream.fill(received.rows_RD().select(received.rows_RD().dim(0) - 1), 0);
        }
    }

    static void spoilsPadding(Stream stream, ReceivedRows received) {
        if (received.rows_RD().dim(0) >= 3) {
            stream.fill(received.rows_RD().select(received.rows_RD().dim(0) - 1), Double.NaN);
        }
    }

    static void exchangesScales(Stream stream, ReceivedRows received) {
        Tensor scales = received.rows_RD().scales().orElseThrow().values();
        if (scales.dim(0) >= 2) {
            stream.copy(scales.select(0), scales.select(1));
        }
    }

    Wrapped withoutScales() {
        rows = pending -> () -> RowsView.later(pending.await(), rows_RD -> rows_RD.withScales(Optional.empty()));
        return this;
    }

    /** Experts write into memory that combine does not read. */
    Wrapped outputsElsewhere() {
        rows = pending -> () -> RowsView.later(pending.await(), UnaryOperator.identity());
        combined = request -> CombineRequest.of(((RowsView) request.rows()).real(), request.out_TD());
        return this;
    }

    /** Experts write over the rows that are to be kept. */
    @SuppressWarnings("ReferenceEquality") // the tensors are the same object if this fault passes one on
    Wrapped outputsOverKeptRows() {
        rows = pending -> () -> {
            ReceivedRows received = pending.await();
            return RowsView.kept(received, () -> {
                // Throws if another dispatch has taken the buffer.
                received.outputs_RD();
                return received.rows_RD();
            }, received::release);
        };
        combined = request -> {
            if (request.rows() instanceof RowsView kept && kept.outputs_RD() != kept.real().outputs_RD()) {
                stream.copy(kept.outputs_RD(), kept.real().outputs_RD());
            }
            return unwrapped(request);
        };
        return this;
    }

    /** Outputs can be written even after another dispatch has taken the buffer. */
    Wrapped outputsForEver() {
        rows = pending -> () -> {
            ReceivedRows received = pending.await();
            Tensor outputs_RD = received.outputs_RD();
            return RowsView.kept(received, () -> outputs_RD, received::release);
        };
        combined = Wrapped::unwrapped;
        return this;
    }

    /** Rows can be read even after they are released. */
    Wrapped readsReleased() {
        rows = pending -> () -> {
            ReceivedRows received = pending.await();
            Tensor rows_RD = received.rows_RD();
            return new RowsView(received, () -> rows_RD, received::outputs_RD, received::release);
        };
        combined = Wrapped::unwrapped;
        return this;
    }

    /** Kept rows are never released. */
    Wrapped neverReleases() {
        rows = pending -> () -> {
            ReceivedRows received = pending.await();
            return RowsView.kept(received, received::outputs_RD, () -> {});
        };
        combined = Wrapped::unwrapped;
        return this;
    }

    private static CombineRequest unwrapped(CombineRequest request) {
        return request.rows() instanceof RowsView kept
                ? new CombineRequest(kept.real(), request.out_TD(), request.scalars_TK(), request.waiting_ND(),
                        request.besideMain())
                : request;
    }

    Wrapped keptBytes(double part) {
        keptPart = part;
        return this;
    }

    Wrapped holdsAfterCombine() {
        combined = request -> {
            context.rank().memory().allocate("planted", DType.F32, 3);
            return request;
        };
        return this;
    }

    Wrapped withoutScalars() {
        combined = request -> CombineRequest.of(request.rows(), request.out_TD());
        return this;
    }

    /** With plans after the first, no scalars are sent. */
    Wrapped scalarsOfTheFirstPlan() {
        DispatchPlan[] first = new DispatchPlan[1];
        sent = request -> {
            first[0] = first[0] == null ? request.plan() : first[0];
            return request.plan().equals(first[0]) ? request
                    : new DispatchRequest(request.plan(), request.x_TD(), Optional.empty(), request.into());
        };
        return this;
    }

    Wrapped clearsSent() {
        rows = pending -> {
            stream.fill(java.util.Objects.requireNonNull(lastSent), 0);
            return pending;
        };
        return this;
    }

    Wrapped returnsAnother() {
        tokens = pending -> () -> pending.await().slice(0, 0, pending.await().dim(0));
        return this;
    }

    Wrapped scopedPlans() {
        plans = plan -> plan instanceof EpPlan own
                ? new EpPlan(own.owner(), scoped(own.destinations_N()), own.offsets_e(), own.tokensPerExpert_E(),
                        own.rounds(), own.further())
                : plan;
        return this;
    }

    private Tensor scoped(Tensor kept) {
        Tensor copy = context.rank().memory().allocate("exchange plans", kept.dtype(), kept.elements());
        stream.copy(kept, copy);
        return copy;
    }

    Wrapped cachesPlans() {
        caches = true;
        return this;
    }

    Wrapped copiesElsewhere() {
        Stream other = context.rank().device().openStream("of its own");
        Map<Long, Memory> copies = new HashMap<>();
        sent = request -> {
            Tensor x = request.x_TD();
            Memory memory = copies.computeIfAbsent(x.address(),
                    address -> context.rank().device().allocate(Math.max(1, x.bytes()), "copies"));
            Tensor copy = Tensor.of(memory, 0, x.dtype(), x.dim(0), x.dim(1));
            other.copy(x, copy);
            stream.await(other.record());
            return new DispatchRequest(request.plan(), copy, request.weights_TK(), request.into());
        };
        closing = () -> {
            other.close();
            copies.values().forEach(Memory::close);
        };
        return this;
    }

    Wrapped oneDispatch() {
        rows = pending -> {
            lastRows = pending;
            return () -> {
                assert lastRows != null;
                return lastRows.await();
            };
        };
        return this;
    }

    Wrapped oneCombine() {
        tokens = pending -> {
            lastTokens = pending;
            return () -> {
                assert lastTokens != null;
                return lastTokens.await();
            };
        };
        return this;
    }

    Wrapped lazyCombine() {
        lazy = true;
        return this;
    }

    Wrapped waits() {
        plans = plan -> {
            stream.synchronize();
            return plan;
        };
        return this;
    }

    /** Allocates a number for each row that this rank receives, for which the host must read a device value. */
    Wrapped takesAsMuchAsTheHostReads() {
        plans = plan -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment ends_e = arena.allocate(plan.offsets_e().bytes(), 4);
                stream.download(plan.offsets_e(), ends_e);
                int rows = ends_e.getAtIndex(ValueLayout.JAVA_INT, plan.offsets_e().elements() - 1);
                context.rank().memory().keep("planted", DType.F32, 100L * rows);
            }
            return plan;
        };
        return this;
    }

    Wrapped resetsHalf() {
        halfReset = true;
        return this;
    }

    Wrapped closesLoudly() {
        closing = () -> {
            if (context.rank().rendezvous().failure().isPresent()) {
                throw new IllegalStateException("a rank has failed");
            }
        };
        return this;
    }

    Wrapped leaksAfterFailures() {
        closing = () -> neverCloses = context.rank().rendezvous().failure().isPresent();
        return this;
    }

    /** It meets the other ranks at each close, not only at the first. */
    Wrapped closesTogether() {
        closing = () -> context.rank().rendezvous().exchange(context.group(), "planted: closes", new byte[0]);
        staysLoud = true;
        return this;
    }

    Wrapped closesLater() {
        neverCloses = true;
        return this;
    }

    Wrapped alwaysBeside() {
        sent = request -> request.withBesideMain(true);
        combined = request -> request.withBesideMain(true);
        return this;
    }

    /** @param call the call that is not refused when the backend is closed */
    Wrapped worksWhenClosed(String call) {
        acceptedWhenClosed = call;
        return this;
    }

    private boolean accepts(String call) {
        return closed && acceptedWhenClosed.equals(call);
    }

    Wrapped roundsOfAnyPlan() {
        anyPlan = true;
        return this;
    }

    private @Nullable Tensor lastSent;
    private @Nullable ReceivedRows lastReceived;

    @Override
    public DispatchPlan plan(Tensor ids_TK) {
        return caches
                ? cache.computeIfAbsent(ids_TK.address(), address -> super.plan(ids_TK))
                : plans.apply(super.plan(ids_TK));
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        if (accepts("dispatch")) {
            return () -> {
                throw new IllegalStateException("nothing was dispatched");
            };
        }
        lastSent = request.x_TD();
        PendingRows pending = rows.apply(super.dispatch(sent.apply(request)));
        return () -> {
            if (!accepts("await")) {
                lastReceived = pending.await();
            }
            return java.util.Objects.requireNonNull(lastReceived);
        };
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        if (accepts("combine")) {
            return request::out_TD;
        }
        if (lazy) {
            return () -> super.combine(request).await();
        }
        return tokens.apply(super.combine(combined.apply(request)));
    }

    @Override
    public void resetStatistics() {
        cache.clear();
        if (halfReset) {
            stream.fill(statistics().orElseThrow().slice(0, 0, 1), 0);
        } else {
            super.resetStatistics();
        }
    }

    @Override
    public Optional<Tensor> roundStatistics() {
        return accepts("roundStatistics") ? Optional.empty() : super.roundStatistics();
    }

    @Override
    public void furtherRounds(DispatchPlan plan, Consumer<DispatchPlan> round) {
        boolean foreign = plan instanceof EpPlan own && !own.owner().equals(real);
        if (!accepts("furtherRounds") && !(anyPlan && foreign)) {
            super.furtherRounds(plan, round);
        }
    }

    @Override
    public long keptBytes() {
        return (long) (keptPart * super.keptBytes());
    }

    @Override
    public long capacityRows() {
        return real.capacityRows() + capacity;
    }

    @Override
    public void close() {
        closed = true;
        closing.run();
        if (!staysLoud) {
            closing = () -> {};
        }
        if (!neverCloses) {
            super.close();
        }
    }
}
