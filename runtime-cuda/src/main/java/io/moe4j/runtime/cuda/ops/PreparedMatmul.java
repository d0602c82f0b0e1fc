package io.moe4j.runtime.cuda.ops;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSB;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescInit;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutInit;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutSetAttribute;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.tensor.DType;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;

/**
 * The descriptors of a product, and the algorithm chosen for it. Prepared once per shape, so that captured and eager steps use the same algorithm.
 */
final class PreparedMatmul implements AutoCloseable {
    private final cublasLtMatmulDescOpaque_t operation = new cublasLtMatmulDescOpaque_t();
    private final Map<Integer, cublasLtMatmulDescOpaque_t> onFewer = new ConcurrentHashMap<>();
    private final MatmulShape shape;
    private final cublasLtMatrixLayoutOpaque_t layoutA;
    private final cublasLtMatrixLayoutOpaque_t layoutB;
    private final cublasLtMatrixLayoutOpaque_t layoutC;
    private final cublasLtMatmulHeuristicResult_t choice = new cublasLtMatmulHeuristicResult_t();
    private final cublasLtMatmulAlgo_t algorithm;

    /** Describes a product. The library's first operand is the second one here: see {@link CublasMatmulOps}. */
    private PreparedMatmul(MatmulShape s, Function<cublasLtMatmulHeuristicResult_t, cublasLtMatmulAlgo_t> chosen) {
        shape = s;
        describe(operation);
        layoutB = s.transposeB() ? layout(s.in(), s.k(), s.n(), s.ldb()) : layout(s.in(), s.n(), s.k(), s.ldb());
        layoutA = s.transposeA() ? layout(s.in(), s.m(), s.k(), s.lda()) : layout(s.in(), s.k(), s.m(), s.lda());
        layoutC = layout(s.out(), s.n(), s.m(), s.ldc());
        algorithm = chosen.apply(choice);
    }

    /** A single product. */
    static PreparedMatmul of(MatmulAlgorithms algorithms, MatmulShape s) {
        PreparedMatmul product = new PreparedMatmul(s, cublasLtMatmulHeuristicResult_t::algo);
        algorithms.choose(product, s, product.choice);
        return product;
    }

    /**
     * Several products in one call, with the algorithm of a single product, so that results have the same bits.
     *
     * @param one the single product; must be closed after this
     * @return empty if that algorithm cannot compute several
     */
    static Optional<PreparedMatmul> of(MatmulAlgorithms algorithms, MatmulBatch batch, PreparedMatmul one) {
        PreparedMatmul several = new PreparedMatmul(batch.shape(), ignored -> one.algorithm);
        several.repeat(several.layoutA, batch.count(), batch.distanceA());
        several.repeat(several.layoutB, batch.count(), batch.distanceB());
        several.repeat(several.layoutC, batch.count(), batch.distanceC());
        if (algorithms.support(several, one.algorithm, several.choice)) {
            return Optional.of(several);
        }
        several.close();
        return Optional.empty();
    }

    private void repeat(cublasLtMatrixLayoutOpaque_t layout, int count, long distance) {
        try (IntPointer counts = new IntPointer(new int[] {count});
                LongPointer distances = new LongPointer(new long[] {distance})) {
            check(cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, counts, Integer.BYTES),
                    "number of products");
            check(cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, distances,
                    Long.BYTES), "distance of products");
        }
    }

    /**
     * The product on a part of the multiprocessors, with the algorithm that was chosen for all of them, so that the bits are the same.
     *
     * @param multiprocessors how many multiprocessors it may use
     * @param all how many the device has
     */
    cublasLtMatmulDescOpaque_t operation(int multiprocessors, int all) {
        return multiprocessors >= all ? operation : onFewer.computeIfAbsent(multiprocessors, this::onFewer);
    }

    private cublasLtMatmulDescOpaque_t onFewer(int multiprocessors) {
        cublasLtMatmulDescOpaque_t limited = new cublasLtMatmulDescOpaque_t();
        describe(limited);
        set(limited, CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET, multiprocessors);
        return limited;
    }

    private void describe(cublasLtMatmulDescOpaque_t described) {
        check(cublasLtMatmulDescInit(described, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescInit");
        set(described, CUBLASLT_MATMUL_DESC_TRANSA, shape.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(described, CUBLASLT_MATMUL_DESC_TRANSB, shape.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N);
    }

    /** On all multiprocessors. */
    cublasLtMatmulDescOpaque_t operation() {
        return operation;
    }

    cublasLtMatrixLayoutOpaque_t layoutA() {
        return layoutA;
    }

    cublasLtMatrixLayoutOpaque_t layoutB() {
        return layoutB;
    }

    cublasLtMatrixLayoutOpaque_t layoutC() {
        return layoutC;
    }

    cublasLtMatmulAlgo_t algorithm() {
        return algorithm;
    }

    static void check(int status, String call) {
        if (status != 0) {
            throw new DeviceException(call + " failed with cuBLAS status " + status);
        }
    }

    private static void set(cublasLtMatmulDescOpaque_t described, int attribute, int value) {
        try (IntPointer pointer = new IntPointer(new int[] {value})) {
            check(cublasLtMatmulDescSetAttribute(described, attribute, pointer, Integer.BYTES),
                    "cublasLtMatmulDescSetAttribute");
        }
    }

    private static cublasLtMatrixLayoutOpaque_t layout(DType dtype, long rows, long columns, long leading) {
        cublasLtMatrixLayoutOpaque_t layout = new cublasLtMatrixLayoutOpaque_t();
        check(cublasLtMatrixLayoutInit(layout, cublasType(dtype), rows, columns, leading),
                "cublasLtMatrixLayoutInit");
        return layout;
    }

    private static int cublasType(DType dtype) {
        return switch (dtype) {
            case F32 -> CUDA_R_32F;
            case BF16 -> CUDA_R_16BF;
            case I32, I64, F8_E4M3 -> throw new DeviceException("a product of " + dtype + " matrices; use F32 or BF16");
        };
    }

    @Override
    public void close() {
        operation.close();
        onFewer.values().forEach(cublasLtMatmulDescOpaque_t::close);
        layoutA.close();
        layoutB.close();
        layoutC.close();
        choice.close();
    }
}
