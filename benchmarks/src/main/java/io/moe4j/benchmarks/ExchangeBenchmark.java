package io.moe4j.benchmarks;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** Routing and the exchange of one layer on one rank, with the experts of the 16B model. */
public class ExchangeBenchmark extends AverageMicros {
    /** Of the 16B model. */
    private static final int EXPERTS = 64;
    private static final Gate GATE = new Gate(Score.SOFTMAX, 6, 1, 1, false, 1);
    /** Rows so short that copying them costs next to nothing compared with the host's own work. */
    private static final int DIM = 8;

    /** T: one token shows the overhead of a call; many tokens show the cost of the work itself. */
    @Param({"1", "512"})
    int tokens;

    private final CpuRank rank = new CpuRank();
    private Layer layer = new Layer(rank, 1);

    /** The tensors of one layer. */
    private record Layer(Tensor logits_TE, Tensor scores_TE, Tensor bias_E, Tensor ids_TK, Tensor weights_TK,
            Tensor x_TD, Tensor out_TD, CommBackend exchange) {
        Layer(CpuRank rank, int tokens) {
            this(rank.random(DType.F32, tokens, EXPERTS), rank.zeros(DType.F32, tokens, EXPERTS),
                    rank.zeros(DType.F32, EXPERTS), rank.zeros(DType.I32, tokens, GATE.topK()),
                    rank.zeros(DType.F32, tokens, GATE.topK()), rank.random(DType.F32, tokens, DIM),
                    rank.zeros(DType.F32, tokens, DIM),
                    rank.exchange(CommConfig.of(tokens, DIM, EXPERTS, GATE.topK(), DType.F32)));
        }
    }

    @Setup
    public void open() {
        layer = new Layer(rank, tokens);
        gate();
    }

    @TearDown
    public void close() {
        rank.close();
    }

    /** Scores, selection of the K best, and their weights. */
    @Benchmark
    public void gate() {
        RoutingOps ops = rank.context().device().ops().routing();
        ops.scores(rank.stream(), GATE, layer.logits_TE, layer.scores_TE);
        ops.select(rank.stream(), GATE, layer.scores_TE, layer.bias_E, layer.ids_TK);
        ops.weights(rank.stream(), GATE, layer.scores_TE, layer.ids_TK, layer.weights_TK);
        rank.stream().synchronize();
    }

    /** The stable sort by expert, counts and destinations. */
    @Benchmark
    public void plan() {
        try (var step = rank.context().memory().openStep()) {
            layer.exchange.plan(layer.ids_TK);
            rank.stream().synchronize();
        }
    }

    /** Plan, dispatch and combine, each call made eagerly. */
    @Benchmark
    public void planDispatchCombine() {
        try (var step = rank.context().memory().openStep()) {
            ReceivedRows rows = layer.exchange.dispatch(DispatchRequest
                    .of(layer.exchange.plan(layer.ids_TK), layer.x_TD, ReceiveBuffer.ACTIVATIONS)
                    .withWeights(layer.weights_TK)).await();
            layer.exchange.combine(CombineRequest.of(rows, layer.out_TD)).await();
            rank.stream().synchronize();
        }
    }
}
