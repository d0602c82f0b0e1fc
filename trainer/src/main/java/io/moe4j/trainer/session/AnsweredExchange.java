package io.moe4j.trainer.session;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.support.ForwardingCommBackend;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Wraps a communication backend, and names it where it answers null: that would be found later, in code that is none of its own. */
final class AnsweredExchange extends ForwardingCommBackend {
    private final CommBackendProvider provider;

    AnsweredExchange(CommBackendProvider provider, CommBackend backend) {
        super(backend);
        this.provider = provider;
    }

    @Override
    public DispatchPlan plan(Tensor ids_TK) {
        return given("plan(ids_TK)", super.plan(ids_TK));
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        PendingRows pending = given("dispatch(request)", super.dispatch(request));
        return () -> given("dispatch(request).await()", pending.await());
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        PendingTokens pending = given("combine(request)", super.combine(request));
        return () -> given("combine(request).await()", pending.await());
    }

    @Override
    public Optional<Tensor> statistics() {
        return given("statistics()", super.statistics());
    }

    @Override
    public Optional<Tensor> roundStatistics() {
        return given("roundStatistics()", super.roundStatistics());
    }

    private <T> T given(String call, @Nullable T answer) {
        if (answer == null) {
            throw new IllegalStateException(Asking.named(provider) + " returned null from " + call
                    + "; let it return a value" + Asking.report(provider));
        }
        return answer;
    }
}
