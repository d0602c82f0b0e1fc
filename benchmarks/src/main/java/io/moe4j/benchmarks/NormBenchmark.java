package io.moe4j.benchmarks;

import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** RMSNorm and its gradients. */
public class NormBenchmark extends AverageMicros {
    private static final float EPS = 1e-5f;

    /** T. */
    @Param({"512"})
    int tokens;

    /** D. */
    @Param({"256", "2048"})
    int dim;

    @Param({"F32", "BF16"})
    DType dtype = DType.F32;

    private final CpuRank rank = new CpuRank();
    private Rows rows = new Rows(rank, DType.F32, 1, 1);

    private record Rows(Tensor x_TD, Tensor weight_D, Tensor y_TD, Tensor rstd_T, Tensor dx_TD, Tensor dweight_D,
            Tensor workspace) {
        Rows(CpuRank rank, DType dtype, int tokens, int dim) {
            this(rank.random(dtype, tokens, dim), rank.random(dtype, dim), rank.random(dtype, tokens, dim),
                    rank.random(DType.F32, tokens), rank.zeros(dtype, tokens, dim), rank.zeros(DType.F32, dim),
                    rank.zeros(DType.I32, 1 + rank.context().device().workspaceSizes().rmsNormBackward(tokens, dim)
                            / Integer.BYTES));
        }
    }

    @Setup
    public void open() {
        rows = new Rows(rank, dtype, tokens, dim);
    }

    @TearDown
    public void close() {
        rank.close();
    }

    @Benchmark
    public void forward() {
        ops().forward(rank.stream(), rows.x_TD, rows.weight_D, EPS, rows.y_TD, rows.rstd_T);
        rank.stream().synchronize();
    }

    @Benchmark
    public void backward() {
        ops().backward(rank.stream(), new NormOps.Backward(rows.y_TD, rows.x_TD, rows.weight_D, rows.rstd_T,
                rows.dx_TD, false, rows.dweight_D, false, Optional.of(rows.workspace)));
        rank.stream().synchronize();
    }

    private NormOps ops() {
        return rank.context().device().ops().norm();
    }
}
