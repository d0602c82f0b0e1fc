package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MatmulTest {

    @ParameterizedTest
    @CsvSource({"1,1,1", "3,5,7", "64,64,64", "512,256,96", "130,300,257", "1,700,900", "900,1,1200", "0,5,3", "5,0,3",
            "5,6,0", "257,258,259"})
    void everyFormAgreesWithDoubles(int m, int n, int k) {
        try (TestMachine machine = new TestMachine(3)) {
            for (int form = 0; form < 16; form++) {
                boolean ta = (form & 1) != 0;
                boolean tb = (form & 2) != 0;
                boolean strided = (form & 4) != 0;
                boolean accumulate = (form & 8) != 0;
                check(machine, new int[] {m, n, k}, new boolean[] {ta, tb, strided, accumulate}, DType.F32, DType.F32);
            }
            check(machine, new int[] {m, n, k}, new boolean[] {false, true, true, true}, DType.BF16, DType.BF16);
            check(machine, new int[] {m, n, k}, new boolean[] {true, false, true, true}, DType.BF16, DType.F32);
            check(machine, new int[] {m, n, k}, new boolean[] {false, false, false, false}, DType.BF16, DType.F32);
        }
    }

    private static void check(TestMachine machine, int[] mnk, boolean[] form, DType in, DType out) {
        int m = mnk[0];
        int n = mnk[1];
        int k = mnk[2];
        boolean ta = form[0];
        boolean tb = form[1];
        Random random = new Random(m + 31L * n + 977L * k);
        float beta = form[3] ? 0.5f : 0;
        double[] a = Expect.random(random, in, (long) m * k);
        double[] b = Expect.random(random, in, (long) k * n);
        double[] c = Expect.random(random, out, (long) m * n);
        Tensor at = matrix(machine, in, ta ? k : m, ta ? m : k, form[2]);
        Tensor bt = matrix(machine, in, tb ? n : k, tb ? k : n, form[2]);
        Tensor ct = matrix(machine, out, m, n, form[2]);
        TestMachine.write(at, a);
        TestMachine.write(bt, b);
        // With beta = 0, NaN in c is ignored.
        double[] start = c.clone();
        if (beta == 0) {
            Arrays.fill(start, Double.NaN);
        }
        TestMachine.write(ct, start);
        machine.ops.matmul().matmul(TestMachine.STREAM, new Matmul(at, bt, ct, ta, tb, 0.75f, beta));
        double[] wanted = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += a[ta ? p * m + i : i * k + p] * b[tb ? j * k + p : p * n + j];
                }
                wanted[i * n + j] = 0.75 * sum + (beta == 0 ? 0 : beta * c[i * n + j]);
            }
        }
        // Each of k products of at most 1, and the sums of at most k, is off by at most half a unit of the sum, and the sum is at most k.
        Expect.near(wanted, ct, Expect.rounding(out), Expect.SINGLE * (k + 2) * (k + 2));
    }

    private static Tensor matrix(TestMachine machine, DType type, long rows, long columns, boolean strided) {
        return strided ? machine.tensor(type, rows, columns + 5).slice(1, 2, 2 + columns)
                : machine.tensor(type, rows, columns);
    }

    @Test
    void typesMustAgree() {
        try (TestMachine machine = new TestMachine(1)) {
            Tensor a = machine.tensor(DType.F32, 2, 2);
            Tensor b = machine.tensor(DType.BF16, 2, 2);
            assertThrows(IllegalArgumentException.class,
                    () -> machine.ops.matmul().matmul(TestMachine.STREAM, Matmul.of(a, b, a)));
        }
    }
}
