package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.random.RandomGenerator;

/** Comparisons in which NaN fails, and the data for them. */
final class Expect {
    /** Half a unit in the last place of a single and of a bfloat16, relative. */
    static final double SINGLE = 0x1p-24;

    static final double NARROW = 0x1p-8;

    private Expect() {}

    /** The rounding of a stored result of the type. */
    static double rounding(DType type) {
        return type == DType.BF16 ? NARROW : SINGLE;
    }

    /** |actual − wanted| ≤ absolute + relative · |wanted|, for each element. */
    static void near(double[] wanted, Tensor actual, double relative, double absolute) {
        double[] values = TestMachine.read(actual);
        assertEquals(wanted.length, values.length);
        for (int i = 0; i < wanted.length; i++) {
            double bound = absolute + relative * Math.abs(wanted[i]);
            if (!(Math.abs(values[i] - wanted[i]) <= bound)) {
                fail("element " + i + ": " + values[i] + " instead of " + wanted[i] + ", off by "
                        + Math.abs(values[i] - wanted[i]) + ", allowed " + bound);
            }
        }
    }

    /** Values in [-1, 1) that the type holds exactly. */
    static double[] random(RandomGenerator random, DType type, long count) {
        double[] values = new double[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            float value = random.nextFloat(-1, 1);
            values[i] = type == DType.BF16 ? BFloat16.widen(BFloat16.round(value)) : value;
        }
        return values;
    }
}
