package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Products of one shape whose operands lie at equal distances. Example: 8 experts' matrices of (1408, 2048), adjacent in memory, lie 2,883,584 elements apart.
 *
 * @param shape of each product
 * @param count how many, at least 2
 * @param distanceA elements from the left operand of a product to that of the next, at least 1
 * @param distanceB the same of right operands
 * @param distanceC the same of results
 */
record MatmulBatch(MatmulShape shape, int count, long distanceA, long distanceB, long distanceC) {

    /** The products as a batch; empty if their shapes or distances differ, so that they must be computed one by one. */
    static Optional<MatmulBatch> of(List<Matmul> products) {
        if (products.size() < 2) {
            return Optional.empty();
        }
        Matmul first = products.getFirst();
        MatmulBatch batch = new MatmulBatch(MatmulShape.of(first), products.size(), distance(products, Matmul::a),
                distance(products, Matmul::b), distance(products, Matmul::c));
        // The library takes other distances too, but with negative ones its kernels were seen to access memory outside the operands.
        if (batch.distanceA <= 0 || batch.distanceB <= 0 || batch.distanceC <= 0) {
            return Optional.empty();
        }
        for (int i = 1; i < products.size(); i++) {
            Matmul each = products.get(i);
            // MatmulShape includes the alignment: with another alignment, a single product might use another algorithm.
            if (!first.isLike(each) || !MatmulShape.of(each).equals(batch.shape)
                    || !lies(first.a(), each.a(), i * batch.distanceA)
                    || !lies(first.b(), each.b(), i * batch.distanceB)
                    || !lies(first.c(), each.c(), i * batch.distanceC)) {
                return Optional.empty();
            }
        }
        return Optional.of(batch);
    }

    private static long distance(List<Matmul> products, Function<Matmul, Tensor> operand) {
        Tensor first = operand.apply(products.getFirst());
        return (operand.apply(products.get(1)).address() - first.address()) / first.dtype().bytes();
    }

    private static boolean lies(Tensor first, Tensor tensor, long elements) {
        return tensor.address() == first.address() + elements * first.dtype().bytes();
    }
}
