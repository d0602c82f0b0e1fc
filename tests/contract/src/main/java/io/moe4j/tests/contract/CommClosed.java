package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import org.junit.jupiter.api.function.Executable;

/** A closed backend refuses every call, including calls with plans and rows from before: their memory may have been reused. */
final class CommClosed {
    private final CommCase shape;
    private final boolean hasBuffers;

    CommClosed(CommKit kit, CommCase shape) {
        this.shape = shape;
        hasBuffers = kit.provider().requirements().needsFullRecompute();
    }

    void on(CommRank rank) {
        CommBackend backend = rank.backend();
        try (Scope step = rank.memory().openStep()) {
            Tensor ids = rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK());
            Tensor x = rank.values().of(DType.F32, new double[shape.tokens() * shape.dim()], shape.tokens(),
                    shape.dim());
            DispatchPlan plan = backend.plan(ids);
            DispatchRequest request = DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS);
            ReceivedRows rows = backend.dispatch(request).await();
            PendingRows pending = backend.dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.GRADIENTS));
            CombineRequest combine = CombineRequest.of(rows, x).withWaiting(
                    rank.values().tensor(DType.F32, (long) shape.tokens() * shape.topK(), shape.dim()));
            final boolean hasStatistics = backend.statistics().isPresent();
            final boolean hasRounds = backend.roundStatistics().isPresent();
            backend.close();
            refused("plan", () -> backend.plan(ids));
            refused("dispatch", () -> backend.dispatch(request));
            refused("combine", () -> backend.combine(combine));
            if (hasBuffers) {
                refused("await", pending::await);
            }
            if (hasStatistics) {
                refused("statistics", backend::statistics);
                refused("resetStatistics", backend::resetStatistics);
            }
            if (hasRounds) {
                refused("roundStatistics", backend::roundStatistics);
                refused("furtherRounds", () -> backend.furtherRounds(plan, part -> {}));
            }
        }
        backend.close();
    }

    private static void refused(String call, Executable use) {
        String what = "a closed backend has to refuse " + call + ", and say that it is closed";
        IllegalStateException refusal = assertThrows(IllegalStateException.class, use, what);
        assertTrue(String.valueOf(refusal.getMessage()).contains("closed"), () -> what + ": " + refusal);
    }
}
