package io.moe4j.tests.gpu;

import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Copies, sums and fills. */
@Tag("gpu")
final class ElementwiseGpuTest {

    @ParameterizedTest
    @CsvSource({"F32,F32", "F32,BF16", "BF16,F32", "BF16,BF16"})
    void copiesWithAnyStrides(DType from, DType to) {
        try (Gpu gpu = Gpu.open()) {
            ElementwiseOps ops = gpu.device.ops().elementwise();
            double[] values = Reference.random(from, 2 * 3 * 5 * 16, 1);
            Tensor source = gpu.floats(from, values, 2, 3, 5, 16);
            Tensor transposed = source.strided(new long[] {2, 5, 3, 16}, new long[] {240, 16, 80, 1});
            Tensor destination = gpu.tensor(to, 2, 5, 3, 16);
            ops.copy(gpu.stream, transposed, destination);
            double[] expected = new double[values.length];
            for (int i = 0; i < expected.length; i++) {
                int d = i % 16;
                int c = i / 16 % 3;
                int b = i / 48 % 5;
                int a = i / 240;
                expected[i] = Reference.rounded(to, values[a * 240 + c * 80 + b * 16 + d]);
            }
            Reference.same("transposed copy", expected, gpu.read(destination));
            Tensor repeated = gpu.floats(from, new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 8)
                    .strided(new long[] {4, 8}, new long[] {0, 1});
            Tensor four = gpu.tensor(to, 4, 8);
            ops.copy(gpu.stream, repeated, four);
            double[] fourTimes = new double[32];
            for (int i = 0; i < 32; i++) {
                fourTimes[i] = 1 + i % 8;
            }
            Reference.same("repeating copy", fourTimes, gpu.read(four));
            Tensor odd = gpu.padded(to, 3, 7, 9).strided(new long[] {7, 5}, new long[] {9, 1});
            Tensor small = gpu.floats(from, Reference.random(from, 35, 2), 7, 5);
            ops.copy(gpu.stream, small, odd);
            double[] rounded = gpu.read(small);
            for (int i = 0; i < 35; i++) {
                rounded[i] = Reference.rounded(to, rounded[i]);
            }
            Reference.same("odd copy", rounded, gpu.read(odd));
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "BF16"})
    void addsAndSums(DType dtype) {
        try (Gpu gpu = Gpu.open()) {
            ElementwiseOps ops = gpu.device.ops().elementwise();
            int n = 1003;
            double[] a = Reference.random(dtype, n, 1);
            double[] b = Reference.random(dtype, n, 2);
            Tensor sum = gpu.tensor(dtype, n);
            ops.add(gpu.stream, gpu.floats(dtype, a, n), gpu.floats(dtype, b, n), sum);
            double[] expected = new double[n];
            for (int i = 0; i < n; i++) {
                expected[i] = Reference.rounded(dtype, (float) a[i] + (float) b[i]);
            }
            Reference.same("sum", expected, gpu.read(sum));
            Tensor accumulator = gpu.floats(DType.F32, b, n);
            ops.accumulate(gpu.stream, gpu.floats(dtype, a, n), 0.25f, accumulator);
            for (int i = 0; i < n; i++) {
                expected[i] = (float) Math.fma(0.25, a[i], b[i]);
            }
            Reference.close("accumulated", expected, gpu.read(accumulator), Reference.F32, 0);
            double[] heads = Reference.random(dtype, 6 * 4 * 24, 3);
            Tensor source = gpu.floats(dtype, heads, 6, 4, 24);
            for (boolean accumulate : new boolean[] {false, true}) {
                Tensor destination = gpu.floats(dtype, Reference.random(dtype, 6 * 24, 4), 6, 24);
                double[] before = gpu.read(destination);
                ops.sumMiddle(gpu.stream, source, destination, accumulate);
                double[] want = new double[6 * 24];
                for (int i = 0; i < want.length; i++) {
                    double total = accumulate ? before[i] : 0;
                    for (int h = 0; h < 4; h++) {
                        total += heads[i / 24 * 96 + h * 24 + i % 24];
                    }
                    want[i] = total;
                }
                Reference.close("sum over heads", want, gpu.read(destination), Reference.unit(dtype), 1e-6);
            }
        }
    }

    @Test
    void fillsEveryType() {
        try (Gpu gpu = Gpu.open()) {
            for (DType dtype : DType.values()) {
                Tensor tensor = gpu.tensor(dtype, 37);
                double value = dtype.isFloating() ? 1.5 : dtype == DType.I64 ? -1 : 7;
                gpu.stream.fill(tensor, value);
                double[] expected = new double[37];
                java.util.Arrays.fill(expected, value);
                Reference.same("fill of " + dtype, expected, gpu.read(tensor));
            }
        }
    }
}
