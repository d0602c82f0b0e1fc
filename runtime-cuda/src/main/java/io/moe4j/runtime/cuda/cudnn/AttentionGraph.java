package io.moe4j.runtime.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import io.moe4j.runtime.cuda.cudnn.Graph.Node;

/**
 * Causal attention as a graph of the operations that the library's fused kernels match, in the order that they expect. Extents are (B, H, S, elements of
 * a head); memory is (B, S, H, elements of a head), with any strides except that the last dimension is dense. In forward, keys and values may have fewer
 * heads than queries: the library repeats them in its products. In backward they must have as many.
 */
final class AttentionGraph {
    private static final int ROW = 2;
    private static final int COLUMN = 3;

    private final Graph graph;
    private final long[] scores;
    private final long[] scoreStrides;
    private final long[] rows;
    private final long[] rowStrides;
    private final Node scale;
    private final Node minusInfinity;

    private AttentionGraph(Graph graph, AttentionKey key, float scale) {
        long b = key.batch();
        long h = key.heads();
        long s = key.sequence();
        this.graph = graph;
        this.scores = new long[] {b, h, s, s};
        this.scoreStrides = new long[] {h * s * s, s * s, s, 1};
        this.rows = new long[] {b, h, s, 1};
        this.rowStrides = new long[] {h * s, s, 1, 1};
        this.scale = graph.scalar(scale);
        this.minusInfinity = graph.scalar(Float.NEGATIVE_INFINITY);
    }

    /**
     * The tensors in memory.
     *
     * @param statistics (B, H, S): for each query, the logarithm of the sum of exp(score)
     */
    record Forward(Node q, Node k, Node v, Node o, Node statistics) {}

    /**
     * The tensors in memory.
     *
     * @param statistics from forward
     * @param delta (B, H, S) scratch: sums of dO · O
     */
    record Backward(Node q, Node k, Node v, Node o, Node statistics, Node dO, Node dq, Node dk, Node dv, Node delta) {}

    static Forward forward(Graph graph, AttentionKey key, float scale) {
        return new AttentionGraph(graph, key, scale).forward(key);
    }

    static Backward backward(Graph graph, AttentionKey key, float scale) {
        return new AttentionGraph(graph, key, scale).backward(key);
    }

    private Forward forward(AttentionKey key) {
        Node q = tensor(key, key.heads(), key.queryKeyDim(), key.q());
        Node k = transposed(key, key.queryKeyDim(), key.k());
        Node v = tensor(key, key.keyHeads(), key.valueDim(), key.v());
        Node o = tensor(key, key.heads(), key.valueDim(), key.o());
        Node statistics = graph.tensor(CUDNN_DATA_FLOAT, rows, rowStrides);
        Node product = graph.matmul(q, k, scores());
        Node scaled = graph.pointwise(CUDNN_POINTWISE_MUL, product, scale, scores());
        Node masked = masked(scaled);
        Node top = graph.reduce(CUDNN_REDUCE_TENSOR_MAX, masked, rows());
        Node shifted = graph.pointwise(CUDNN_POINTWISE_SUB, masked, top, scores());
        Node exponential = graph.pointwise(CUDNN_POINTWISE_EXP, shifted, scores());
        Node sum = graph.reduce(CUDNN_REDUCE_TENSOR_ADD, exponential, rows());
        Node logarithm = graph.pointwise(CUDNN_POINTWISE_LOG, sum, rows());
        graph.pointwise(CUDNN_POINTWISE_ADD, top, logarithm, statistics);
        Node probability = graph.pointwise(CUDNN_POINTWISE_DIV, exponential, sum,
                graph.virtual(CUDNN_DATA_BFLOAT16, scores, scoreStrides));
        graph.matmul(probability, v, o);
        return new Forward(q, k, v, o, statistics);
    }

    /**
     * The deterministic variant: each element of dq is summed in a fixed order, so its bits are the same each time. It keeps a matrix of scores in its
     * workspace.
     */
    private Backward backward(AttentionKey key) {
        Node q = tensor(key, key.heads(), key.queryKeyDim(), key.q());
        Node k = transposed(key, key.queryKeyDim(), key.k());
        Node v = transposed(key, key.valueDim(), key.v());
        Node o = tensor(key, key.heads(), key.valueDim(), key.o());
        Node statistics = graph.tensor(CUDNN_DATA_FLOAT, rows, rowStrides);
        Node dO = tensor(key, key.heads(), key.valueDim(), key.o());
        Node dq = tensor(key, key.heads(), key.queryKeyDim(), key.dq());
        Node dk = tensor(key, key.keyHeads(), key.queryKeyDim(), key.dk());
        Node dv = tensor(key, key.keyHeads(), key.valueDim(), key.dv());
        Node delta = graph.tensor(CUDNN_DATA_FLOAT, rows, rowStrides);

        long[] values = {key.batch(), key.heads(), key.sequence(), key.valueDim()};
        long[] valueStrides = {key.heads() * key.sequence() * key.valueDim(), key.sequence() * key.valueDim(),
                key.heads() * key.valueDim(), 1};
        Node weighted = graph.pointwise(CUDNN_POINTWISE_MUL, dO, o,
                graph.virtual(CUDNN_DATA_FLOAT, values, valueStrides));
        Node sums = graph.reduce(CUDNN_REDUCE_TENSOR_ADD, weighted, rows());
        graph.pointwise(CUDNN_POINTWISE_MUL, sums, graph.scalar(1), delta);

        Node product = graph.matmul(q, k, scores());
        Node scaled = graph.pointwise(CUDNN_POINTWISE_MUL, product, scale, scores());
        Node shifted = graph.pointwise(CUDNN_POINTWISE_SUB, scaled, statistics, scores());
        Node probability = graph.pointwise(CUDNN_POINTWISE_EXP, masked(shifted), scores());
        graph.matmul(graph.reshape(probability, swapped()), dO, dv);

        Node dP = graph.matmul(dO, v, scores());
        Node centred = graph.pointwise(CUDNN_POINTWISE_SUB, dP, delta, scores());
        Node times = graph.pointwise(CUDNN_POINTWISE_MUL, centred, probability, scores());
        Node dS = graph.pointwise(CUDNN_POINTWISE_MUL, times, scale, scores());
        graph.matmul(graph.reshape(dS, swapped()), q, dk);
        Node keys = graph.reshape(k, graph.virtual(CUDNN_DATA_FLOAT,
                new long[] {key.batch(), key.keyHeads(), key.sequence(), key.queryKeyDim()},
                new long[] {k.strides()[0], k.strides()[1], k.strides()[3], k.strides()[2]}));
        graph.matmul(dS, keys, dq);
        return new Backward(q, k, v, o, statistics, dO, dq, dk, dv, delta);
    }

    /** Replaces scores by -infinity where the key is later than the query. */
    private Node masked(Node x) {
        Node row = graph.index(ROW, x, graph.virtual(CUDNN_DATA_INT32, scores, scoreStrides));
        Node column = graph.index(COLUMN, x, graph.virtual(CUDNN_DATA_INT32, scores, scoreStrides));
        Node seen = graph.compare(CUDNN_POINTWISE_CMP_GE, row, column,
                graph.virtual(CUDNN_DATA_BOOLEAN, scores, scoreStrides));
        return graph.select(x, minusInfinity, seen, scores());
    }

    private Node scores() {
        return graph.virtual(CUDNN_DATA_FLOAT, scores, scoreStrides);
    }

    private Node rows() {
        return graph.virtual(CUDNN_DATA_FLOAT, rows, rowStrides);
    }

    private Node swapped() {
        return graph.virtual(CUDNN_DATA_BFLOAT16, scores,
                new long[] {scoreStrides[0], scoreStrides[1], 1, scoreStrides[2]});
    }

    private Node tensor(AttentionKey key, long heads, long width, AttentionKey.Strides strides) {
        return graph.tensor(CUDNN_DATA_BFLOAT16, new long[] {key.batch(), heads, key.sequence(), width},
                new long[] {strides.batch(), strides.head(), strides.sequence(), 1});
    }

    private Node transposed(AttentionKey key, long width, AttentionKey.Strides strides) {
        return graph.tensor(CUDNN_DATA_BFLOAT16, new long[] {key.batch(), key.keyHeads(), width, key.sequence()},
                new long[] {strides.batch(), strides.head(), 1, strides.sequence()});
    }
}
