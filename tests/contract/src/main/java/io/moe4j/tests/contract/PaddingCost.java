package io.moe4j.tests.contract;

import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Compares the time of SwiGLU over a buffer sixteen times larger than its rows with that over one without unused rows. The smallest time of many runs has the
 * least noise. A failed comparison is repeated, because it may be due to noise; a kernel that visits the padding fails each time.
 */
final class PaddingCost {
    private static final int ROWS = 512;
    private static final int FEATURES = 1408;
    private static final int CAPACITY = 16 * ROWS;
    private static final int RUNS = 40;
    private static final int TRIES = 8;
    private static final double ALLOWED = 1.10;

    private PaddingCost() {}

    static void check(OpenExpertKernels bench, DType dtype) {
        double[][] values = new ExpertCase("cost", List.of(ROWS), 0, FEATURES, 1, 0, 3).values(dtype, ROWS,
                2 * FEATURES, 1);
        try (RowBuffer gateUp = bench.rows(dtype, CAPACITY, 2 * FEATURES, 0, values);
                RowBuffer h = bench.blank(dtype, CAPACITY, FEATURES, 0)) {
            Tensor offsets = bench.offsets(new int[] {ROWS});
            SwiGlu.Forward worst = arguments(gateUp.tensor(), h.tensor(), offsets);
            SwiGlu.Forward exact = arguments(gateUp.tensor().slice(0, 0, ROWS), h.tensor().slice(0, 0, ROWS), offsets);
            double ratio = Double.POSITIVE_INFINITY;
            for (int attempt = 0; attempt < TRIES && !(ratio <= ALLOWED); attempt++) {
                long worstNanos = Long.MAX_VALUE;
                long exactNanos = Long.MAX_VALUE;
                for (int run = 0; run < RUNS; run++) {
                    worstNanos = Math.min(worstNanos, nanos(bench, worst));
                    exactNanos = Math.min(exactNanos, nanos(bench, exact));
                }
                ratio = (double) worstNanos / exactNanos;
            }
            if (!(ratio <= ALLOWED)) {
                throw new AssertionError("SwiGLU of " + ROWS + " rows takes " + ratio + " times as long in a buffer of "
                        + CAPACITY + " rows; at most " + ALLOWED + " is allowed: the padding must cost nothing");
            }
        }
    }

    private static SwiGlu.Forward arguments(Tensor gateUp, Tensor h, Tensor offsets) {
        return new SwiGlu.Forward(gateUp.slice(1, 0, FEATURES), gateUp.slice(1, FEATURES, 2L * FEATURES),
                Optional.empty(),
                offsets, h);
    }

    private static long nanos(OpenExpertKernels bench, SwiGlu.Forward arguments) {
        bench.stream().synchronize();
        long start = System.nanoTime();
        bench.kernels().swiglu(bench.stream(), arguments);
        bench.stream().synchronize();
        return System.nanoTime() - start;
    }
}
