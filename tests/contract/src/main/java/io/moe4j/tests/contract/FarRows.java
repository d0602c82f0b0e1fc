package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** Four rows so far apart that the elements of the last two have indices beyond 2³¹, of which the third is the last valid one. */
final class FarRows {
    private static final int ROWS = 4;
    private static final int VALID = 3;
    private static final int COLUMNS = 8;
    private static final int EXPERTS = 4;
    private static final int LAST = EXPERTS - 1;

    private final OpenExpertKernels bench;
    private final DType dtype;
    private final long stride;

    FarRows(OpenExpertKernels bench, DType dtype, long stride) {
        this.bench = bench;
        this.dtype = dtype;
        this.stride = stride;
    }

    void check(BiFunction<Device, Long, Memory> allocator) {
        long bytes = (ROWS - 1) * stride * dtype.bytes() + 4096;
        ExpertCase shape = new ExpertCase("far", List.of(1, 0, 0, 2), 1, COLUMNS, COLUMNS, 0, 5);
        try (Memory memory = allocator.apply(bench.device(), bytes)) {
            Tensor x = rows(memory, 0);
            Tensor y = rows(memory, 256);
            double[][] xs = shape.values(dtype, ROWS, COLUMNS, 1);
            double[][] marks = shape.values(dtype, ROWS, COLUMNS, 2);
            double[][] ws = shape.values(dtype, EXPERTS * COLUMNS, COLUMNS, 3);
            Tensor offsets = bench.offsets(shape.offsets());
            Tensor w_eOI = experts(memory, 1024);
            for (int e = 0; e < EXPERTS; e++) {
                upload(w_eOI.select(e), Arrays.copyOfRange(ws, e * COLUMNS, (e + 1) * COLUMNS));
            }
            upload(x, xs);
            upload(y, marks);
            bench.kernels().forward(bench.stream(), new GroupedProduct.Forward(x, w_eOI, offsets, y));
            double[][] ys = download(y);
            bench.kernels().swiglu(bench.stream(), new SwiGlu.Forward(x, x, Optional.empty(), offsets, y));
            double[][] hs = download(y);
            for (int r = 0; r < ROWS; r++) {
                for (int c = 0; c < COLUMNS; c++) {
                    if (r < VALID) {
                        ExpertReference.checkProduct("far y[" + r + ", " + c + "]", dtype, xs[r],
                                ws[(r == 0 ? 0 : LAST * COLUMNS) + c], 0, ys[r][c]);
                        ExpertReference.checkForward("far h", dtype, xs[r][c], xs[r][c], 1, hs[r][c]);
                    } else {
                        Rounding.check("far untouched row", marks[r][c], ys[r][c], 0);
                        Rounding.check("far untouched row", marks[r][c], hs[r][c], 0);
                    }
                }
            }
            checkGradients(x, y, memory, xs, ws, w_eOI, offsets);
        }
    }

    private void checkGradients(Tensor x, Tensor y, Memory memory, double[][] xs, double[][] ws, Tensor w_eOI,
            Tensor offsets) {
        upload(y, xs);
        Tensor dw_eOI = experts(memory, 2048);
        bench.kernels().weightGradient(bench.stream(), new GroupedProduct.WeightGradient(x, y, offsets, dw_eOI, false));
        double[][] dws = download(dw_eOI.select(LAST));
        for (int o = 0; o < COLUMNS; o++) {
            ExpertReference.checkProduct("far dw", dtype, new double[] {xs[1][o], xs[2][o]},
                    new double[] {xs[1][3], xs[2][3]}, 0, dws[o][3]);
        }
        bench.kernels().inputGradient(bench.stream(), new GroupedProduct.InputGradient(x, w_eOI, offsets, y));
        double[] dx = download(y)[VALID - 1];
        for (int i = 0; i < COLUMNS; i++) {
            double[] column = new double[COLUMNS];
            for (int o = 0; o < COLUMNS; o++) {
                column[o] = ws[LAST * COLUMNS + o][i];
            }
            ExpertReference.checkProduct("far dx", dtype, xs[VALID - 1], column, 0, dx[i]);
        }
        Tensor z = rows(memory, 512);
        bench.kernels().swigluBackward(bench.stream(),
                new SwiGlu.Backward(x, x, x, Optional.empty(), offsets, z, y, Optional.empty()));
        double[] dup = download(y)[VALID - 1];
        for (int f = 0; f < COLUMNS; f++) {
            ExpertReference.checkUpGradient("far dup", dtype, xs[VALID - 1][f], xs[VALID - 1][f], 1, dup[f]);
        }
    }

    private Tensor rows(Memory memory, long byteOffset) {
        return Tensor.of(memory, byteOffset, dtype, 1).strided(new long[] {ROWS, COLUMNS}, new long[] {stride, 1});
    }

    /** Weights or their gradients, those of one expert dense. */
    private Tensor experts(Memory memory, long byteOffset) {
        return Tensor.of(memory, byteOffset, dtype, 1).strided(new long[] {EXPERTS, COLUMNS, COLUMNS},
                new long[] {stride, COLUMNS, 1});
    }

    private void upload(Tensor rows, double[][] values) {
        try (Arena arena = Arena.ofConfined()) {
            for (int r = 0; r < values.length; r++) {
                MemorySegment host = arena.allocate((long) COLUMNS * dtype.bytes(), 8);
                for (int c = 0; c < COLUMNS; c++) {
                    if (dtype == DType.BF16) {
                        host.setAtIndex(ValueLayout.JAVA_SHORT, c, Rounding.bf16Bits(values[r][c]));
                    } else {
                        host.setAtIndex(ValueLayout.JAVA_FLOAT, c, (float) values[r][c]);
                    }
                }
                bench.stream().upload(host, rows.select(r));
            }
        }
    }

    private double[][] download(Tensor rows) {
        double[][] values = new double[Math.toIntExact(rows.dim(0))][COLUMNS];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate((long) COLUMNS * dtype.bytes(), 8);
            for (int r = 0; r < values.length; r++) {
                bench.stream().download(rows.select(r), host);
                for (int c = 0; c < COLUMNS; c++) {
                    values[r][c] = dtype == DType.BF16
                            ? Float.intBitsToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, c) << 16)
                            : host.getAtIndex(ValueLayout.JAVA_FLOAT, c);
                }
            }
        }
        return values;
    }
}
