package io.moe4j.api.comm.support;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Forwards every call to another backend: a base class for backends that count, log or delay calls. It also forwards methods that later versions add; a
 * class that implements {@link CommBackend} directly would get their default implementations.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class ForwardingCommBackend implements CommBackend {
    private final CommBackend backend;

    /** @param backend the backend that does the work; closed with this one */
    protected ForwardingCommBackend(CommBackend backend) {
        this.backend = backend;
    }

    @Override
    public DispatchPlan plan(Tensor ids_TK) {
        return backend.plan(ids_TK);
    }

    @Override
    public PendingRows dispatch(DispatchRequest request) {
        return backend.dispatch(request);
    }

    @Override
    public PendingTokens combine(CombineRequest request) {
        return backend.combine(request);
    }

    @Override
    public Optional<Tensor> statistics() {
        return backend.statistics();
    }

    @Override
    public void resetStatistics() {
        backend.resetStatistics();
    }

    @Override
    public int multiprocessorsBeside() {
        return backend.multiprocessorsBeside();
    }

    @Override
    public int maxRounds() {
        return backend.maxRounds();
    }

    @Override
    public void furtherRounds(DispatchPlan plan, Consumer<DispatchPlan> round) {
        backend.furtherRounds(plan, round);
    }

    @Override
    public Optional<Tensor> roundStatistics() {
        return backend.roundStatistics();
    }

    @Override
    public long keptBytes() {
        return backend.keptBytes();
    }

    @Override
    public long capacityRows() {
        return backend.capacityRows();
    }

    @Override
    public void close() {
        backend.close();
    }
}
