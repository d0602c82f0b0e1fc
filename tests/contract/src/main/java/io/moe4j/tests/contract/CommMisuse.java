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
import java.util.regex.Pattern;
import org.junit.jupiter.api.function.Executable;

/** Wrong calls are refused on the host before anything is launched, with a message that has the wrong values. */
final class CommMisuse {
    private static final String TAKEN = " into the same buffer: requirements() do not say needsFullRecompute, which means that rows stay as they are."
            + " Say withFullRecompute() if a dispatch takes the buffer over";

    private final CommKit kit;
    private final CommCase shape;

    CommMisuse(CommKit kit, CommCase shape) {
        this.kit = kit;
        this.shape = shape;
    }

    /** Wrong shapes and types. */
    void shapes(CommRank rank) {
        long t = shape.tokens();
        long d = shape.dim();
        long k = shape.topK();
        HostValues values = rank.values();
        CommBackend backend = rank.backend();
        try (Scope step = rank.memory().openStep()) {
            refused(() -> backend.plan(values.tensor(DType.I32, t, k + 1)), "[" + t + ", " + (k + 1) + "]");
            refused(() -> backend.plan(values.tensor(DType.I64, t, k)), "I64");
            DispatchPlan plan = backend.plan(values.of(shape.ids()[rank.index()], t, k));
            Tensor x = values.of(DType.F32, new double[(int) (t * d)], t, d);
            DispatchRequest good = DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS);
            refused(() -> backend.dispatch(DispatchRequest.of(plan, values.tensor(DType.F32, t + 1, d),
                    ReceiveBuffer.ACTIVATIONS)), "[" + (t + 1) + ", " + d + "]");
            refused(() -> backend.dispatch(DispatchRequest.of(plan, values.tensor(DType.BF16, t, d),
                    ReceiveBuffer.ACTIVATIONS)), "BF16");
            refused(() -> backend.dispatch(DispatchRequest.of(plan,
                    values.tensor(DType.F32, t, d + 1).slice(1, 0, d), ReceiveBuffer.ACTIVATIONS)), "strides");
            refused(() -> backend.dispatch(good.withWeights(values.tensor(DType.F32, t, k + 1))), "weights_TK");
            ReceivedRows rows = backend.dispatch(good).await();
            refused(() -> backend.combine(CombineRequest.of(rows, values.tensor(DType.F32, t, d + 1))),
                    "[" + t + ", " + (d + 1) + "]");
            refused(() -> backend.combine(CombineRequest.of(rows, values.tensor(DType.F32, t, d))
                    .withScalars(values.tensor(DType.F32, t, k + 1))), "scalars_TK");
            // After all these refusals, the exchange goes on as if nothing had happened.
            backend.combine(CombineRequest.of(rows, values.tensor(DType.F32, t, d))).await();
            rank.stream().synchronize();
        }
    }

    /** Plans and rows of another backend. */
    void strangers(CommRank rank) throws Exception {
        CommRank.with(kit, shape.config(DType.F32), rank.context(), rank.context().world(), other -> {
            try (Scope step = rank.memory().openStep()) {
                Tensor ids = rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK());
                Tensor x = rank.values().of(DType.F32, shape.values(DType.F32, shape.tokens() * shape.dim(), 1),
                        shape.tokens(), shape.dim());
                DispatchPlan plan = rank.backend().plan(ids);
                DispatchPlan others = other.backend().plan(ids);
                ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS))
                        .await();
                refused(() -> rank.backend().dispatch(DispatchRequest.of(others, x, ReceiveBuffer.ACTIVATIONS)),
                        "plan");
                // What does not belong here are the rows, and the plan that they came by.
                refused(() -> other.backend().combine(CombineRequest.of(rows, x)), "plan|rows");
                refused(() -> rank.backend().combine(CombineRequest.of(new Foreign(plan, x), x)), "plan|rows");
                // The other backend's work does not change these rows.
                double[] before = rank.read(rows.rows_RD().slice(0, 0, received(rank)));
                other.backend().dispatch(DispatchRequest.of(others,
                        rank.values().of(DType.F32, new double[shape.tokens() * shape.dim()], shape.tokens(),
                                shape.dim()),
                        ReceiveBuffer.ACTIVATIONS)).await();
                rank.expect("rows while another backend dispatches", before,
                        rows.rows_RD().slice(0, 0, received(rank)));
            }
        });
    }

    /** Rows either stay valid after the next dispatch, or refuse to be read. */
    void leases(CommRank rank) {
        try (Scope step = rank.memory().openStep()) {
            Tensor ids = rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK());
            double[] first = shape.values(DType.F32, shape.tokens() * shape.dim(), 1);
            Tensor x = rank.values().of(DType.F32, first, shape.tokens(), shape.dim());
            Tensor zeros = rank.values().of(DType.F32, new double[first.length], shape.tokens(), shape.dim());
            DispatchPlan plan = rank.backend().plan(ids);
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
            double[] before = rank.read(rows.rows_RD().slice(0, 0, received(rank)));
            rank.backend().dispatch(DispatchRequest.of(plan, zeros, ReceiveBuffer.GRADIENTS)).await();
            rank.expect("rows after a dispatch into the other buffer", before,
                    rows.rows_RD().slice(0, 0, received(rank)));
            PendingRows next = rank.backend().dispatch(DispatchRequest.of(plan, zeros, ReceiveBuffer.ACTIVATIONS));
            if (kit.provider().requirements().needsFullRecompute()) {
                ended(rows::rows_RD);
                ended(rows::weights_R);
                ended(rows::scalars_R);
                ended(rows::plan);
                ended(() -> rank.backend().combine(CombineRequest.of(rows, x)));
                // The rows that were not awaited are gone as well.
                PendingRows late = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.GRADIENTS));
                PendingRows later = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.GRADIENTS));
                ended(late::await);
                later.await();
            } else {
                rank.expect("rows after the next dispatch" + TAKEN, before,
                        stillReadable(rows).slice(0, 0, received(rank)));
            }
            next.await();
            next.await();
            rank.stream().synchronize();
        }
    }

    private static Tensor stillReadable(ReceivedRows rows) {
        try {
            return rows.rows_RD();
        } catch (IllegalStateException e) {
            throw new AssertionError("rows cannot be read after the next dispatch" + TAKEN + "; it threw " + e, e);
        }
    }

    /** Rounds of another backend's plan. */
    void roundsOfStrangers(CommRank rank) throws Exception {
        CommRank.with(kit, shape.config(DType.F32), rank.context(), rank.context().world(), other -> {
            try (Scope step = rank.memory().openStep()) {
                Tensor ids = rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK());
                DispatchPlan others = other.backend().plan(ids);
                refused(() -> rank.backend().furtherRounds(others, part -> {}), "plan");
            }
        });
    }

    /** On the CPU, an id outside the range of experts is an error of the rank that has it, and never a row that is sent somewhere. */
    void idsOutOfRange(CommRank rank, int id) {
        int[] ids = shape.ids()[rank.index()].clone();
        ids[ids.length / 2] = id;
        try (Scope step = rank.memory().openStep()) {
            Tensor wrong = rank.values().of(ids, shape.tokens(), shape.topK());
            assertThrows(RuntimeException.class, () -> {
                rank.backend().plan(wrong);
                rank.stream().synchronize();
            }, "a plan of ids with " + id + " of " + shape.experts() + " experts");
        }
    }

    private int received(CommRank rank) {
        return new CommReference(shape).received(rank.index());
    }

    /** @param words one of these has to be in the message, with | between them */
    private static void refused(Executable call, String words) {
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, call,
                () -> "a call that does not fit, because of " + words);
        assertTrue(Pattern.compile(words).matcher(String.valueOf(refusal.getMessage())).find(),
                () -> "the refusal is to name what does not fit, but its message has no \""
                        + words.replace("|", "\" and no \"")
                        + "\": " + refusal);
    }

    private static void ended(Executable use) {
        IllegalStateException refusal = assertThrows(IllegalStateException.class, use);
        assertTrue(String.valueOf(refusal.getMessage()).matches("(?s).*\\d+.*\\d+.*"),
                () -> "the message does not name both dispatches: " + refusal);
    }

    /** Rows that belong to no backend. */
    private record Foreign(DispatchPlan plan, Tensor tensor) implements ReceivedRows {
        @Override
        public Tensor rows_RD() {
            return tensor;
        }

        @Override
        public Tensor weights_R() {
            return tensor;
        }

        @Override
        public Tensor scalars_R() {
            return tensor;
        }
    }
}
