package io.moe4j.trainer.session;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.support.ForwardingCommBackend;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;

/** Wraps a communication backend, and records spans of its exchanges. Used only in runs that are profiled. */
final class SpannedExchange extends ForwardingCommBackend {
    private final Spans spans;

    SpannedExchange(CommBackend backend, Spans spans) {
        super(backend);
        this.spans = spans;
    }

    @Override
    public DispatchPlan plan(Tensor ids_TK) {
        try (Spans.Span span = spans.open("plan", "")) {
            return super.plan(ids_TK);
        }
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        try (Spans.Span span = spans.open("dispatch", "rows leave")) {
            PendingRows pending = super.dispatch(request);
            return () -> {
                try (Spans.Span arrival = spans.open("dispatch", "rows arrive")) {
                    return pending.await();
                }
            };
        }
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        try (Spans.Span span = spans.open("combine", "rows return")) {
            PendingTokens pending = super.combine(request);
            return () -> {
                try (Spans.Span sum = spans.open("combine", "sums are ready")) {
                    return pending.await();
                }
            };
        }
    }
}
