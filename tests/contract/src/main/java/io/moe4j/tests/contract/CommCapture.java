package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A captured exchange is replayed back to back with different ids and rows; each replay must give the results of the definition. */
final class CommCapture {
    private static final int REPLAYS = 6;

    private CommCapture() {}

    /** The static buffers of a step. */
    record Buffers(Tensor ids, Tensor x, Tensor weights, Tensor out, Tensor scalars, Tensor nextIds,
            Tensor nextTokens) {
        static Buffers of(CommRank rank, CommCase shape, DType rowType) {
            HostValues values = rank.values();
            return new Buffers(values.of(shape.ids()[rank.index()], shape.tokens(), shape.topK()),
                    values.of(rowType, xOf(shape, rowType, rank.index()), shape.tokens(), shape.dim()),
                    values.of(DType.F32, weightsOf(shape, rank.index()), shape.tokens(), shape.topK()),
                    values.tensor(rowType, shape.tokens(), shape.dim()),
                    values.tensor(DType.F32, shape.tokens(), shape.topK()),
                    values.of(nextLayer(shape).ids()[rank.index()], shape.tokens(), shape.topK()),
                    values.tensor(DType.I32, shape.experts()));
        }
    }

    static void replaysEqualTheDefinition(CommRank rank, CommCase shape, DType rowType, GraphCaptureProvider provider)
            throws InterruptedException {
        Buffers buffers = Buffers.of(rank, shape, rowType);
        // Once without a capture, so that work which only the first call does is not captured.
        step(rank, buffers);
        List<Tensor> outs = new ArrayList<>();
        List<Tensor> scalars = new ArrayList<>();
        long syncs = rank.stream().hostSyncs();
        try (GraphCapture capture = provider.open(rank.context());
                CapturedGraph graph = capture.capture(rank.stream(), () -> step(rank, buffers))) {
            for (int replay = 0; replay < REPLAYS; replay++) {
                CommCase now = shape.withSeed(shape.seed() + 100 + replay);
                HostValues ids = rank.values();
                HostValues.write(rank.stream(), buffers.ids(), doubles(now.ids()[rank.index()]));
                HostValues.write(rank.stream(), buffers.x(), xOf(now, rowType, rank.index()));
                HostValues.write(rank.stream(), buffers.weights(), weightsOf(now, rank.index()));
                if ((replay + rank.index()) % 3 == 0) {
                    Thread.sleep(2);
                }
                graph.replay(rank.stream());
                outs.add(ids.tensor(rowType, shape.tokens(), shape.dim()));
                scalars.add(ids.tensor(DType.F32, shape.tokens(), shape.topK()));
                rank.stream().copy(buffers.out(), outs.getLast());
                rank.stream().copy(buffers.scalars(), scalars.getLast());
            }
            assertEquals(syncs, rank.stream().hostSyncs(), "the host waited while it captured and replayed");
            for (int replay = 0; replay < REPLAYS; replay++) {
                check(rank, shape.withSeed(shape.seed() + 100 + replay), rowType, outs.get(replay), scalars.get(replay),
                        " of replay " + replay);
            }
            rank.expect("tokensPerExpert_E of the second plan of a replay, whose ids were in the same tensor",
                    new CommReference(nextLayer(shape)).tokensPerExpert(), buffers.nextTokens());
        }
    }

    private static void check(CommRank rank, CommCase shape, DType rowType, Tensor out, Tensor scalars, String at) {
        CommReference reference = new CommReference(shape);
        double[][] sent = new double[shape.ranks()][];
        double[][] weights = new double[shape.ranks()][];
        double[][] received = new double[shape.ranks()][];
        double[][] arrived = new double[shape.ranks()][];
        for (int source = 0; source < shape.ranks(); source++) {
            sent[source] = xOf(shape, rowType, source);
            weights[source] = weightsOf(shape, source);
        }
        for (int owner = 0; owner < shape.ranks(); owner++) {
            received[owner] = reference.dispatched(owner, sent, shape.dim(), shape.topK());
            arrived[owner] = reference.dispatched(owner, weights, 1, 1);
        }
        rank.expect("out_TD" + at, reference.combined(rank.index(), received, rowType), out);
        rank.expect("scalars_TK" + at, reference.returned(rank.index(), arrived, 1), scalars);
    }

    /** Rows go there and back; so do the weights, which are copied as a whole because a capture may not ask how many there are. */
    static void step(CommRank rank, Buffers buffers) {
        try (Scope step = rank.memory().openStep()) {
            rank.backend().resetStatistics();
            DispatchPlan plan = rank.backend().plan(buffers.ids());
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest
                    .of(plan, buffers.x(), ReceiveBuffer.ACTIVATIONS).withWeights(buffers.weights())).await();
            rank.stream().copy(rows.weights_R(), rows.scalars_R());
            rank.backend().combine(CombineRequest.of(rows, buffers.out()).withScalars(buffers.scalars())).await();
            // The ids of the next layer, in the same place.
            rank.stream().copy(buffers.nextIds(), buffers.ids());
            rank.stream().copy(rank.backend().plan(buffers.ids()).tokensPerExpert_E(), buffers.nextTokens());
        }
    }

    private static CommCase nextLayer(CommCase shape) {
        return shape.withSeed(shape.seed() + 50);
    }

    /** One step without a capture. */
    static void runOnce(CommRank rank, CommCase shape, DType rowType) {
        step(rank, Buffers.of(rank, shape, rowType));
    }

    /** A backend that waits for the device is refused by the capture, and the stream can be used afterwards. */
    static void isRefused(CommRank rank, CommCase shape, DType rowType, GraphCaptureProvider provider) {
        Buffers buffers = Buffers.of(rank, shape, rowType);
        try (GraphCapture capture = provider.open(rank.context())) {
            assertThrows(CaptureException.class, () -> capture.capture(rank.stream(), () -> step(rank, buffers)));
        }
        step(rank, buffers);
        check(rank, shape, rowType, buffers.out(), buffers.scalars(), " after the refused capture");
    }

    private static double[] xOf(CommCase shape, DType rowType, int rank) {
        return shape.values(rowType, shape.tokens() * shape.dim(), 10 + rank);
    }

    private static double[] weightsOf(CommCase shape, int rank) {
        return shape.values(DType.F32, shape.tokens() * shape.topK(), 20 + rank);
    }

    private static double[] doubles(int[] values) {
        return java.util.Arrays.stream(values).asDoubleStream().toArray();
    }
}
