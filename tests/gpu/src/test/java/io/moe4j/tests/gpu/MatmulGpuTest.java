package io.moe4j.tests.gpu;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products in all transposes, types and strides, against doubles. */
@Tag("gpu")
final class MatmulGpuTest {

    @ParameterizedTest(name = "{0}x{1}x{2} {3}->{4} transposed {5} {6} beta {7} rows padded by {8}")
    @CsvSource({"1,1,1,F32,F32,false,false,0,0", "64,96,80,F32,F32,false,false,0,0", "64,96,80,F32,F32,true,false,1,0",
            "64,96,80,F32,F32,false,true,0,0", "64,96,80,F32,F32,true,true,1,0", "33,7,5,F32,F32,false,true,0,3",
            "128,256,64,BF16,BF16,false,false,0,0", "128,256,64,BF16,BF16,true,false,0,0",
            "128,256,64,BF16,BF16,false,true,1,8", "128,256,64,BF16,F32,true,false,1,0",
            "128,256,64,BF16,F32,true,true,0,8", "40,24,16,BF16,BF16,false,false,1,8",
            "7,5,3,BF16,BF16,false,false,0,1",
            "7,5,3,BF16,F32,true,false,0,0", "300,576,512,BF16,BF16,false,true,0,0",
            "1,1024,512,BF16,F32,false,true,0,0"})
    void agreesWithDoubles(int m, int n, int k, DType in, DType out, boolean ta, boolean tb, float beta, int pad) {
        try (Gpu gpu = Gpu.open()) {
            double[] a = Reference.random(in, (long) m * k, 1);
            double[] b = Reference.random(in, (long) k * n, 2);
            double[] c = Reference.random(out, (long) m * n, 3);
            Tensor at = rows(gpu, in, ta ? Reference.transposed(a, m, k) : a, ta ? k : m, ta ? m : k, pad);
            Tensor bt = rows(gpu, in, tb ? Reference.transposed(b, k, n) : b, tb ? n : k, tb ? k : n, pad);
            Tensor ct = rows(gpu, out, c, m, n, pad);
            gpu.device.ops().matmul().matmul(gpu.stream, new Matmul(at, bt, ct, ta, tb, 0.5f, beta));
            double[] expected = Reference.product(a, b, m, k, n);
            double[] product = expected.clone();
            for (int i = 0; i < expected.length; i++) {
                expected[i] = 0.5 * expected[i] + beta * c[i];
            }
            // fp32 sums of k products of numbers of size 1, then one rounding to the result's type. cuBLAS rounds the product too before it adds a bf16 c.
            double largest = beta == 0 ? 0 : 0.5 * Reference.largest(product);
            Reference.close("product", expected, gpu.read(ct), Reference.unit(out),
                    8 * k * Reference.F32 * 4 + Reference.unit(out) * largest);
        }
    }

    private static Tensor rows(Gpu gpu, DType dtype, double[] values, long rows, long width, long pad) {
        Tensor wide = gpu.tensor(dtype, rows, width + pad);
        Tensor narrow = wide.slice(1, 0, width);
        Tensor dense = gpu.floats(dtype, values, rows, width);
        gpu.device.ops().elementwise().copy(gpu.stream, dense, narrow);
        return narrow;
    }
}
