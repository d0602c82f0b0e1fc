package io.moe4j.tests.contract.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Memory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** That the kit of operations finds what is wrong, and that its bounds are neither broken by fp32 arithmetic nor far above it. */
class OpChecksTest {
    private static final long[] SHAPE = {2, 3};
    private static final long[] STRIDES = {5, 1};

    /** Two rows of three, one element from the start, two elements between them. */
    private static Operand rows(DType dtype) {
        Memory memory = Memory.of(4096, 16L * dtype.bytes(), "test", ignored -> {});
        Tensor whole = Tensor.of(memory, 0, dtype, 16);
        byte[] image = new byte[16 * dtype.bytes()];
        Arrays.fill(image, (byte) -1);
        int[] places = {1, 2, 3, 6, 7, 8};
        for (int i = 0; i < places.length; i++) {
            DoubleElements.put(DoubleElements.of(image), dtype, places[i], i + 1);
        }
        return new Operand(Tensor.of(memory, dtype.bytes(), dtype, 1).strided(SHAPE, STRIDES), List.of(whole), places,
                image);
    }

    private static byte[] image(Operand operand, int element, double value) {
        byte[] image = new byte[16 * operand.dtype().bytes()];
        Arrays.fill(image, (byte) -1);
        int[] places = {1, 2, 3, 6, 7, 8};
        for (int i = 0; i < places.length; i++) {
            DoubleElements.put(DoubleElements.of(image), operand.dtype(), places[i], i + 1);
        }
        DoubleElements.put(DoubleElements.of(image), operand.dtype(), element, value);
        return image;
    }

    @Test
    void whatIsWrittenBesideATensorIsFound() {
        Operand operand = rows(DType.BF16);
        operand.checkUntouched(image(operand, 2, 7), true);
        assertThrows(AssertionError.class, () -> operand.checkUntouched(image(operand, 2, 7), false));
        for (int gap : new int[] {0, 4, 5, 9, 15}) {
            AssertionError error = assertThrows(AssertionError.class,
                    () -> operand.checkUntouched(image(operand, gap, 0), true));
            assertTrue(error.getMessage().contains("element " + gap + " "), error.getMessage());
        }
    }

    @Test
    void wrongValuesAndNotANumberAreFound() {
        Operand operand = rows(DType.F32);
        double[] values = {1, 2, 3, 4, 5, 6};
        Expected same = Expected.same("x", operand, values);
        Approx[] approximate = Approx.exact(values);
        approximate[0] = new Approx(1, Math.ulp(1f));
        Expected close = Expected.close("x", operand, approximate);
        same.check(image(operand, 1, 1));
        close.check(image(operand, 1, Math.nextUp(1f)));
        for (double wrong : new double[] {Double.NaN, 4.00001, -4, Double.POSITIVE_INFINITY}) {
            assertThrows(AssertionError.class, () -> same.check(image(operand, 6, wrong)));
            AssertionError error = assertThrows(AssertionError.class, () -> close.check(image(operand, 6, wrong)));
            assertTrue(error.getMessage().contains("1 of 6"), error.getMessage());
        }
        Expected notANumber = Expected.close("x", operand, Approx.exact(new double[] {1, 2, 3, Double.NaN, 5, 6}));
        notANumber.check(image(operand, 6, Double.NaN));
        assertThrows(AssertionError.class, () -> notANumber.check(image(operand, 6, 4)));
    }

    @Test
    void aBoundThatAnythingWouldMeetIsRefused() {
        Operand operand = rows(DType.F32);
        Approx[] values = Approx.exact(new double[] {1, 2, 3, 4, 5, 6});
        values[3] = new Approx(4, Double.POSITIVE_INFINITY);
        Expected vague = Expected.close("x", operand, values);
        AssertionError error = assertThrows(AssertionError.class, () -> vague.check(image(operand, 6, 4)));
        assertTrue(error.getMessage().contains("element 3, 4.0"), error.getMessage());
    }

    /** SwiGLU, and a product of 300 terms, in fp32 on the host: within the bounds, which are less than a hundred times what happens. */
    @Test
    void boundsHoldAndAreNotFarAbove() {
        Random random = new Random(1);
        double largest = 0;
        double used = 0;
        for (int round = 0; round < 2000; round++) {
            float gate = random.nextFloat(-16, 16);
            float up = random.nextFloat(-1, 1);
            float power = (float) Math.exp(-gate);
            float result = gate * (1 / (1 + power)) * up;
            Approx expected = Approx.exact(gate).times(Approx.exact(gate).sigmoid()).times(up);
            largest = Math.max(largest, Math.abs(result - expected.value()) / expected.error());
            Sum sum = new Sum();
            float dot = 0;
            for (int i = 0; i < 300; i++) {
                float a = random.nextFloat(-1, 1);
                float b = random.nextFloat(-1, 1);
                dot += a * b;
                sum.addProduct(a, b);
            }
            used = Math.max(used, Math.abs(dot - sum.result().value()) / sum.result().error());
        }
        assertTrue(largest <= 1 && largest > 0.01, "SwiGLU uses " + largest + " of its bound");
        assertTrue(used <= 1 && used > 0.01, "a product uses " + used + " of its bound");
    }

    @Test
    void farRowsLieBeyond31Bits() {
        long[] strides = Layout.FAR.strides(4, 8);
        assertTrue(2 * strides[0] > 1L << 31);
        assertEquals(1, strides[1]);
        long[] positions = Layout.FAR.strides(1, 4, 2, 8);
        assertEquals(strides[0], positions[1]);
        assertEquals(8, positions[2]);
    }
}
