package io.moe4j.runtime.cuda.ops;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_ALGO_CONFIG_SPLITK_NUM;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_ALGO_CONFIG_TILE_ID;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoCheck;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoConfigGetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoGetHeuristic;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceInit;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceSetAttribute;

import io.moe4j.api.device.DeviceException;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The algorithms that the library has for a product on this device.
 *
 * @param workspaceBytes workspace that they may use, in bytes
 * @param computeCapability compute capability of the device, such as 90
 */
record MatmulAlgorithms(cublasLtContext handle, long workspaceBytes, int computeCapability) {

    /** Asks for candidates, lets {@link MatmulTiles} choose, and copies what it chose into {@code choice}. */
    void choose(PreparedMatmul product, MatmulShape shape, cublasLtMatmulHeuristicResult_t choice) {
        try (cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t();
                cublasLtMatmulHeuristicResult_t found = new cublasLtMatmulHeuristicResult_t(MatmulTiles.CANDIDATES);
                IntPointer count = new IntPointer(1)) {
            PreparedMatmul.check(cublasLtMatmulPreferenceInit(preference), "cublasLtMatmulPreferenceInit");
            try (LongPointer bytes = new LongPointer(workspaceBytes)) {
                PreparedMatmul.check(cublasLtMatmulPreferenceSetAttribute(preference,
                        CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, Long.BYTES), "workspace size");
            }
            for (int attribute : new int[] {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
                try (IntPointer alignment = new IntPointer(new int[] {shape.alignment()})) {
                    PreparedMatmul.check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, alignment,
                            Integer.BYTES), "alignment");
                }
            }
            PreparedMatmul.check(cublasLtMatmulAlgoGetHeuristic(handle, product.operation(), product.layoutB(),
                    product.layoutA(), product.layoutC(), product.layoutC(), preference, MatmulTiles.CANDIDATES, found,
                    count), "choosing an algorithm for " + shape);
            if (count.get() == 0) {
                throw new DeviceException("cuBLASLt has no algorithm for " + shape
                        + "; rows of 16-byte multiples at 16-byte aligned addresses are always supported");
            }
            List<MatmulTiles.Candidate> candidates = IntStream.range(0, count.get())
                    .mapToObj(i -> candidate(found.getPointer(i).algo())).toList();
            int best = MatmulTiles.choose(shape, computeCapability, candidates);
            Pointer.memcpy(choice, found.getPointer(best), found.sizeof());
        }
    }

    /** Whether an algorithm that was chosen for another product can compute this one; {@code result} is overwritten. */
    boolean support(PreparedMatmul product, cublasLtMatmulAlgo_t algorithm, cublasLtMatmulHeuristicResult_t result) {
        cublasLtMatmulDescOpaque_t operation = product.operation();
        return cublasLtMatmulAlgoCheck(handle, operation, product.layoutB(), product.layoutA(), product.layoutC(),
                product.layoutC(), algorithm, result) == 0 && result.workspaceSize() <= workspaceBytes;
    }

    private static MatmulTiles.Candidate candidate(cublasLtMatmulAlgo_t algorithm) {
        return new MatmulTiles.Candidate(attribute(algorithm, CUBLASLT_ALGO_CONFIG_TILE_ID),
                attribute(algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM) > 1
                        || attribute(algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME) != 0);
    }

    private static int attribute(cublasLtMatmulAlgo_t algorithm, int attribute) {
        try (IntPointer value = new IntPointer(1); SizeTPointer written = new SizeTPointer(1)) {
            PreparedMatmul.check(cublasLtMatmulAlgoConfigGetAttribute(algorithm, attribute, value, Integer.BYTES,
                    written), "cublasLtMatmulAlgoConfigGetAttribute");
            return value.get();
        }
    }
}
