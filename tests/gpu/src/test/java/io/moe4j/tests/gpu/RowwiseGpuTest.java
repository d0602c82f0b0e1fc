package io.moe4j.tests.gpu;

import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RMSNorm, rotary embedding and SwiGLU, with and without gaps between rows, against doubles. */
@Tag("gpu")
final class RowwiseGpuTest {

    @ParameterizedTest(name = "{0} {1} rows of {2}, padded by {3}")
    @CsvSource({"F32,1,8,0", "F32,70,96,4", "F32,5,13,1", "BF16,300,2048,0", "BF16,70,512,64", "BF16,5,13,3",
            "BF16,600,5120,0", "BF16,1,256,8", "BF16,3000,72,0", "BF16,40,8192,0", "BF16,12,8200,0"})
    void rmsNorm(DType dtype, int rows, int dim, int pad) {
        try (Gpu gpu = Gpu.open()) {
            NormOps norm = gpu.device.ops().norm();
            double[] x = Reference.random(dtype, (long) rows * dim, 1);
            double[] w = Reference.random(dtype, dim, 2);
            double[] dy = Reference.random(dtype, (long) rows * dim, 3);
            Tensor xt = rows(gpu, dtype, x, rows, dim, pad);
            Tensor wt = gpu.floats(dtype, w, dim);
            Tensor y = gpu.tensor(dtype, rows, dim + pad).slice(1, 0, dim);
            Tensor rstd = gpu.tensor(DType.F32, rows);
            norm.forward(gpu.stream, xt, wt, 1e-5f, y, rstd);
            double[] expected = new double[x.length];
            double[] dx = new double[x.length];
            double[] dw = new double[dim];
            for (int t = 0; t < rows; t++) {
                double square = 0;
                for (int d = 0; d < dim; d++) {
                    square += x[t * dim + d] * x[t * dim + d];
                }
                double r = 1 / Math.sqrt(square / dim + 1e-5);
                double mean = 0;
                for (int d = 0; d < dim; d++) {
                    int i = t * dim + d;
                    expected[i] = x[i] * r * w[d];
                    mean += dy[i] * w[d] * x[i] * r / dim;
                    dw[d] += dy[i] * x[i] * r;
                }
                for (int d = 0; d < dim; d++) {
                    int i = t * dim + d;
                    dx[i] = r * (dy[i] * w[d] - x[i] * r * mean);
                }
            }
            Reference.close("y", expected, gpu.read(y), Reference.unit(dtype) + 1e-6, 1e-6);
            for (boolean accumulate : new boolean[] {false, true}) {
                Tensor dxt = rows(gpu, dtype, x, rows, dim, pad);
                Tensor dwt = gpu.floats(DType.F32, new double[dim], dim);
                WorkspaceSizes sizes = gpu.device.workspaceSizes();
                norm.backward(gpu.stream, new NormOps.Backward(rows(gpu, dtype, dy, rows, dim, pad), xt, wt, rstd, dxt,
                        accumulate, dwt, accumulate,
                        Optional.of(gpu.tensor(DType.F32, sizes.rmsNormBackward(rows, dim) / 4))));
                double[] want = dx.clone();
                for (int i = 0; accumulate && i < want.length; i++) {
                    want[i] += x[i];
                }
                Reference.close("dx", want, gpu.read(dxt), Reference.unit(dtype) + 1e-5, 2e-5);
                Reference.close("dw", dw, gpu.read(dwt), 1e-5, 1e-6 * rows + 1e-5);
            }
        }
    }

    /** The examples in {@code norm.cu}. */
    @Test
    void rmsNormExample() {
        try (Gpu gpu = Gpu.open()) {
            NormOps norm = gpu.device.ops().norm();
            Tensor x = gpu.floats(DType.F32, new double[] {3, 4}, 1, 2);
            Tensor w = gpu.floats(DType.F32, new double[] {1, 2}, 2);
            Tensor y = gpu.tensor(DType.F32, 1, 2);
            Tensor rstd = gpu.tensor(DType.F32, 1);
            norm.forward(gpu.stream, x, w, 0, y, rstd);
            Reference.close("y", new double[] {0.8485281, 2.2627417}, gpu.read(y), 1e-6, 0);
            Reference.close("rstd", new double[] {0.2828427}, gpu.read(rstd), 1e-6, 0);
            Tensor dx = gpu.tensor(DType.F32, 1, 2);
            Tensor dw = gpu.tensor(DType.F32, 2);
            norm.backward(gpu.stream, new NormOps.Backward(gpu.floats(DType.F32, new double[] {1, 1}, 1, 2), x, w, rstd,
                    dx, false, dw, false,
                    Optional.of(gpu.tensor(DType.F32, gpu.device.workspaceSizes().rmsNormBackward(1, 2) / 4))));
            Reference.close("dx", new double[] {-0.0905097, 0.0678823}, gpu.read(dx), 1e-5, 0);
            Reference.close("dw", new double[] {0.8485281, 1.1313708}, gpu.read(dw), 1e-6, 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32,6,3,8,4,0", "BF16,32,16,64,8,128", "BF16,5,1,6,5,1", "BF16,4096,16,64,1024,128"})
    void rotary(DType dtype, int tokens, int heads, int width, int sequence, int pad) {
        try (Gpu gpu = Gpu.open()) {
            double[] table = new double[sequence * width];
            for (int i = 0; i < table.length; i += 2) {
                double angle = 0.37 * i;
                table[i] = (float) Math.cos(angle);
                table[i + 1] = (float) Math.sin(angle);
            }
            double[] x = Reference.random(dtype, (long) tokens * heads * width, 1);
            Tensor all = gpu.tensor(dtype, tokens, heads, width + pad);
            Tensor xt = all.slice(2, pad, pad + width);
            gpu.device.ops().elementwise().copy(gpu.stream, gpu.floats(dtype, x, tokens, heads, width), xt);
            Tensor cosSin = gpu.floats(DType.F32, table, sequence, width);
            Tensor out = gpu.tensor(dtype, tokens, heads, width);
            gpu.device.ops().rope().rotate(gpu.stream, xt, cosSin, false, out);
            double[] expected = rotated(x, table, tokens, heads, width, sequence, 1);
            Reference.close("rotated", expected, gpu.read(out), Reference.unit(dtype) + 1e-6, 1e-6);
            gpu.device.ops().rope().rotate(gpu.stream, xt, cosSin, true, xt);
            double[] back = rotated(x, table, tokens, heads, width, sequence, -1);
            Reference.close("rotated back in place", back, gpu.read(xt), Reference.unit(dtype) + 1e-6, 1e-6);
        }
    }

    private static double[] rotated(double[] x, double[] table, int tokens, int heads, int width, int sequence,
            int way) {
        double[] out = new double[x.length];
        for (int t = 0; t < tokens; t++) {
            for (int i = 0; i < heads * width; i += 2) {
                double c = table[t % sequence * width + i % width];
                double s = way * table[t % sequence * width + i % width + 1];
                int at = t * heads * width + i;
                out[at] = x[at] * c - x[at + 1] * s;
                out[at + 1] = x[at] * s + x[at + 1] * c;
            }
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource({"F32,7,12,0", "F32,7,9,2", "BF16,33,1408,0", "BF16,33,256,256", "BF16,3,7,1"})
    void swiglu(DType dtype, int rows, int width, int pad) {
        try (Gpu gpu = Gpu.open()) {
            double[] g = Reference.random(dtype, (long) rows * width, 1);
            double[] u = Reference.random(dtype, (long) rows * width, 2);
            double[] dh = Reference.random(dtype, (long) rows * width, 3);
            Tensor gt = rows(gpu, dtype, g, rows, width, pad);
            Tensor ut = rows(gpu, dtype, u, rows, width, pad);
            Tensor h = gpu.tensor(dtype, rows, width + pad).slice(1, 0, width);
            gpu.device.ops().activation().swiglu(gpu.stream, gt, ut, h);
            double[] eh = new double[g.length];
            double[] eg = new double[g.length];
            double[] eu = new double[g.length];
            for (int i = 0; i < g.length; i++) {
                double s = 1 / (1 + Math.exp(-g[i]));
                eh[i] = g[i] * s * u[i];
                eg[i] = dh[i] * u[i] * s * (1 + g[i] * (1 - s));
                eu[i] = dh[i] * g[i] * s;
            }
            Reference.close("h", eh, gpu.read(h), Reference.unit(dtype) + 1e-6, 1e-6);
            gpu.device.ops().activation().swigluBackward(gpu.stream, gt, ut, rows(gpu, dtype, dh, rows, width, pad), gt,
                    ut);
            Reference.close("dgate in place", eg, gpu.read(gt), Reference.unit(dtype) + 2e-6, 2e-6);
            Reference.close("dup in place", eu, gpu.read(ut), Reference.unit(dtype) + 2e-6, 2e-6);
        }
    }

    private static Tensor rows(Gpu gpu, DType dtype, double[] values, long rows, long width, long pad) {
        Tensor narrow = gpu.tensor(dtype, rows, width + pad).slice(1, 0, width);
        gpu.device.ops().elementwise().copy(gpu.stream, gpu.floats(dtype, values, rows, width), narrow);
        return narrow;
    }
}
