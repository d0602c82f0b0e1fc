package io.moe4j.app.bench;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;

/** Bytes that causal attention must move, and operations that it needs. Of the S × S scores of a sequence, half are counted. */
record AttentionFigures(AttentionShape shape) {
    static final String FORWARD = "attention";
    static final String BACKWARD = "attention_backward";

    /** Forward: the products Q·Kᵀ and P·V; reads q, k and v, writes o and the log-sum-exp of each row. */
    BenchPart forward() {
        return new BenchPart(FORWARD, operands() + logarithms(), products(1, 1));
    }

    /**
     * Backward: the scores again, and the gradients with respect to values, probabilities, queries and keys. Reads the inputs and outputs of forward, and do;
     * writes dq, dk and dv.
     */
    BenchPart backward() {
        return new BenchPart(BACKWARD, 2 * operands() + logarithms(), products(3, 2));
    }

    /** Bytes of q, k, v and o, or of their gradients. */
    private double operands() {
        return (double) shape.dtype().bytes() * tokens() * (shape.heads() + shape.keyHeads())
                * (shape.queryKeyDim() + shape.valueDim());
    }

    private double logarithms() {
        return (double) DType.F32.bytes() * tokens() * shape.heads();
    }

    private double products(int overQueryKey, int overValue) {
        return (double) tokens() * shape.sequence() * shape.heads()
                * (overQueryKey * shape.queryKeyDim() + overValue * shape.valueDim());
    }

    private long tokens() {
        return shape.batch() * shape.sequence();
    }
}
