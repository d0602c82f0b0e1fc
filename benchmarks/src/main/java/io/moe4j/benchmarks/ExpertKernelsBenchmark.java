package io.moe4j.benchmarks;

import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** The kernels of one rank's experts, with the widths of the debug model. */
public class ExpertKernelsBenchmark extends AverageMicros {
    /** As in the debug model. */
    private static final int EXPERTS = 8;
    private static final int DIM = 256;
    private static final int HIDDEN = 256;

    /** R, divided evenly over the experts; the buffer has room for twice as many, and no kernel may touch the rest. */
    @Param({"512"})
    int rows;

    @Param({"F32", "BF16"})
    DType dtype = DType.F32;

    private final CpuRank rank = new CpuRank();
    private final ExpertKernels kernels = rank.kernels();
    private Layer layer = new Layer(rank, DType.F32, EXPERTS);

    /** The tensors of the experts. */
    private record Layer(Tensor x_RD, Tensor gateUp_R2F, Tensor h_RF, Tensor gateUp_e2FD, Tensor dgateUp_e2FD,
            Tensor offsets_e) {
        Layer(CpuRank rank, DType dtype, int rows) {
            this(rank.random(dtype, 2L * rows, DIM), rank.random(dtype, 2L * rows, 2 * HIDDEN),
                    rank.random(dtype, 2L * rows, HIDDEN), rank.random(dtype, EXPERTS, 2 * HIDDEN, DIM),
                    rank.zeros(DType.F32, EXPERTS, 2 * HIDDEN, DIM), rank.integers(offsets(rows), EXPERTS));
        }

        private static int[] offsets(int rows) {
            int[] offsets = new int[EXPERTS];
            Arrays.setAll(offsets, expert -> (int) ((expert + 1L) * rows / EXPERTS));
            return offsets;
        }

        Tensor gate_RF() {
            return gateUp_R2F.slice(1, 0, HIDDEN);
        }

        Tensor up_RF() {
            return gateUp_R2F.slice(1, HIDDEN, 2 * HIDDEN);
        }
    }

    @Setup
    public void open() {
        layer = new Layer(rank, dtype, rows);
    }

    @TearDown
    public void close() {
        rank.close();
    }

    @Benchmark
    public void swiglu() {
        kernels.swiglu(rank.stream(), new SwiGlu.Forward(layer.gate_RF(), layer.up_RF(), Optional.empty(),
                layer.offsets_e, layer.h_RF));
        rank.stream().synchronize();
    }

    @Benchmark
    public void groupedProduct() {
        kernels.forward(rank.stream(), new GroupedProduct.Forward(layer.x_RD, layer.gateUp_e2FD, layer.offsets_e,
                layer.gateUp_R2F));
        rank.stream().synchronize();
    }

    @Benchmark
    public void groupedWeightGradient() {
        kernels.weightGradient(rank.stream(), new GroupedProduct.WeightGradient(layer.gateUp_R2F, layer.x_RD,
                layer.offsets_e, layer.dgateUp_e2FD, false));
        rank.stream().synchronize();
    }
}
