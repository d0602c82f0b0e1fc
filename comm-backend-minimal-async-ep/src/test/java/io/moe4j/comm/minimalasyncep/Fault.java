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
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;

/** Planted faults. Each makes the real backend wrong in one way. */
enum Fault {
    NONE, FORGETS_SCALARS, REPEATS_A_ROW, SWAPS_ROWS, WRITES_PADDING, WAITS_FOR_THE_HOST, LEAKS, SKIPS_COUNTS_FREE(
            "plan, counts may"),
    SKIPS_COUNTS_THERE("plan, counts have"), SKIPS_BUFFER_FREE(
            "dispatch, buffer"),
    SKIPS_ROWS_THERE("dispatch, rows"), SKIPS_EXPERTS_DONE("combine, experts");

    private final Optional<String> skipped;

    Fault() {
        skipped = Optional.empty();
    }

    Fault(String phase) {
        skipped = Optional.of(phase);
    }

    /** The peer group on which the backend is opened: its barriers of one phase do nothing. */
    CommContext context(CommContext context) {
        return skipped.isEmpty() || context.peers().isEmpty() ? context
                : new CommContext(context.rank(), context.group(), context.peers().map(this::skipping),
                        context.collectives());
    }

    private PeerGroup skipping(PeerGroup peers) {
        return (PeerGroup) Proxy.newProxyInstance(PeerGroup.class.getClassLoader(), new Class<?>[] {PeerGroup.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("barrier") && ((String) arguments[1]).startsWith(skipped.get())) {
                        return null;
                    }
                    try {
                        return method.invoke(peers, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Wraps the backend with the fault. */
    CommBackend spoil(CommBackend backend, CommContext context) {
        if (this == LEAKS) {
            context.rank().device().allocate(100, "leaked");
        }
        return new Spoilt(this, backend, context.rank().stream());
    }

    private static final class Spoilt extends ForwardingCommBackend {
        private final Fault fault;
        private final Stream stream;

        Spoilt(Fault fault, CommBackend backend, Stream stream) {
            super(backend);
            this.fault = fault;
            this.stream = stream;
        }

        @Override
        public DispatchPlan plan(Tensor ids_TK) {
            if (fault == WAITS_FOR_THE_HOST) {
                stream.synchronize();
            }
            return super.plan(ids_TK);
        }

        @Override
        public PendingRows dispatch(DispatchRequest request) {
            PendingRows pending = super.dispatch(request);
            return () -> {
                ReceivedRows rows = pending.await();
                Tensor all = rows.rows_RD();
                if (all.dim(0) >= 3 && fault == REPEATS_A_ROW) {
                    stream.copy(all.select(0), all.select(1));
                }
                if (all.dim(0) >= 3 && fault == SWAPS_ROWS) {
                    stream.copy(all.select(0), all.select(2));
                    stream.copy(all.select(1), all.select(0));
                    stream.copy(all.select(2), all.select(1));
                }
                if (all.dim(0) >= 3 && fault == WRITES_PADDING) {
                    stream.fill(all.select(all.dim(0) - 1), 0);
                }
                return rows;
            };
        }

        @Override
        public PendingTokens combine(CombineRequest request) {
            return super.combine(fault == FORGETS_SCALARS
                    ? CombineRequest.of(request.rows(), request.out_TD())
                    : request);
        }
    }
}
