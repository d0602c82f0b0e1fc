package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ElementwiseTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19})
    void copiesOfAnyStrides(int seed) {
        Random random = new Random(seed);
        DType[] types = {DType.F32, DType.BF16};
        try (TestMachine machine = new TestMachine(3)) {
            int rank = 1 + random.nextInt(4);
            long[] shape = new long[rank];
            for (int d = 0; d < rank; d++) {
                shape[d] = random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(rank == 1 ? 9000 : 40);
            }
            Tensor source = strided(machine, random, types[random.nextInt(2)], shape);
            Tensor destination = strided(machine, random, types[random.nextInt(2)], shape);
            double[] values = Expect.random(random, DType.BF16, source.elements());
            if (random.nextInt(3) == 0) {
                long[] strides = source.strides().stream().mapToLong(x -> x).toArray();
                strides[random.nextInt(rank)] = 0;
                source = source.strided(shape, strides);
            }
            TestMachine.write(source, values);
            machine.ops.elementwise().copy(TestMachine.STREAM, source, destination);
            assertArrayEquals(TestMachine.read(source), TestMachine.read(destination));
        }
    }

    /** A tensor whose dimensions are laid out in random order, with gaps. */
    private static Tensor strided(TestMachine machine, Random random, DType type, long[] shape) {
        int rank = shape.length;
        long[] strides = new long[rank];
        boolean reversed = random.nextInt(3) == 0;
        long stride = random.nextInt(4) == 0 ? 2 : 1;
        for (int i = 0; i < rank; i++) {
            int d = reversed ? i : rank - 1 - i;
            strides[d] = stride;
            stride *= Math.max(1, shape[d]) + random.nextInt(2);
        }
        return machine.tensor(type, stride).strided(shape, strides);
    }

    @Test
    void copyKeepsIntegersAndRefusesToConvertThem() {
        try (TestMachine machine = new TestMachine(1)) {
            Tensor ids = machine.ints(new int[] {1, -2, 0x7fc00001, 4, 5, 6}, 2, 3);
            Tensor to = machine.tensor(DType.I32, 3, 2);
            machine.ops.elementwise().copy(TestMachine.STREAM, ids.strided(new long[] {3, 2}, new long[] {1, 3}), to);
            assertArrayEquals(new double[] {1, 4, -2, 5, 0x7fc00001, 6}, TestMachine.read(to));
            assertThrows(IllegalArgumentException.class, () -> machine.ops.elementwise().copy(TestMachine.STREAM, to,
                    machine.tensor(DType.F32, 3, 2)));
        }
    }

    @ParameterizedTest
    @CsvSource({"0,F32,F32", "1,F32,F32", "5000,F32,F32", "70001,F32,F32", "4099,BF16,BF16", "4099,BF16,F32",
            "100,F32,BF16"})
    void sums(int n, DType type, DType accumulatorType) {
        Random random = new Random(n);
        try (TestMachine machine = new TestMachine(2)) {
            double[] a = Expect.random(random, type, n);
            double[] b = Expect.random(random, accumulatorType, n);
            double[] added = new double[n];
            double[] accumulated = new double[n];
            for (int i = 0; i < n; i++) {
                added[i] = a[i] + a[i];
                accumulated[i] = b[i] - 0.3f * a[i];
            }
            Tensor x = machine.floats(type, a, n);
            Tensor sum = machine.floats(accumulatorType, b, n);
            machine.ops.elementwise().accumulate(TestMachine.STREAM, x, -0.3f, sum);
            // fused: one rounding to a single, one to the type
            Expect.near(accumulated, sum, Expect.rounding(accumulatorType) + Expect.SINGLE, 0);
            machine.ops.elementwise().add(TestMachine.STREAM, x, x, x);
            Expect.near(added, x, Expect.rounding(type), 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,2,3,F32", "5,1,7,F32", "64,16,64,F32", "9,3,21,BF16"})
    void sumMiddle(int t, int h, int r, DType type) {
        Random random = new Random(t + h);
        try (TestMachine machine = new TestMachine(2)) {
            double[] source = Expect.random(random, type, (long) t * h * r);
            double[] old = Expect.random(random, type, (long) t * r);
            for (boolean accumulate : new boolean[] {false, true}) {
                double[] wanted = accumulate ? old.clone() : new double[t * r];
                for (int i = 0; i < source.length; i++) {
                    wanted[i / (h * r) * r + i % r] += source[i];
                }
                Tensor from = machine.tensor(type, t, h, r + 2).slice(2, 1, r + 1);
                TestMachine.write(from, source);
                Tensor to = machine.tensor(type, t, r + 9).slice(1, 4, r + 4);
                TestMachine.write(to, old);
                machine.ops.elementwise().sumMiddle(TestMachine.STREAM, from, to, accumulate);
                Expect.near(wanted, to, Expect.rounding(type), (h + 1) * (h + 1) * Expect.SINGLE);
            }
        }
    }

    @Test
    void bfloatRoundsToNearestEven() {
        assertArrayEquals(new float[] {1, 1, 1.015625f, Float.POSITIVE_INFINITY},
                new float[] {BFloat16.widen(BFloat16.round(1)), BFloat16.widen(BFloat16.round(1.00390625f)),
                        BFloat16.widen(BFloat16.round(1.01171875f)), BFloat16.widen(BFloat16.round(Float.MAX_VALUE))});
        assertArrayEquals(new double[] {Double.NaN},
                new double[] {BFloat16.widen(BFloat16.round(Float.intBitsToFloat(0x7f800001)))});
    }
}
