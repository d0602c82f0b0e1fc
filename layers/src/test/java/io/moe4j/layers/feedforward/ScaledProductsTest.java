package io.moe4j.layers.feedforward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.function.Quantized;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.kernels.swiglu.SwiGluKernelsProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Products in 8 bits, forward and both gradients, beside the definition: quantized by {@link Quantization}, summed in double. Widths are no multiples of 128.
 *
 * <p>The bound: products of two stored numbers are exact in fp32. A run of at most 128 terms has one rounding fewer than terms, its sum is multiplied by two
 * scales with two, and added to the others with one. So a sum of k terms has at most k + 3 roundings of 2⁻²⁴ on the way of each term. Storing the result rounds
 * once more.
 */
class ScaledProductsTest {
    private static final DType TYPE = DType.F8_E4M3;
    private static final int TOKENS = 150;
    private static final int INPUTS = 200;
    private static final int OUTPUTS = 140;
    /** Of experts without a row, with 130, with none, with 13. */
    private static final int[] OFFSETS = {0, 130, 130, 143};
    private static final int ROWS = 143;

    private final Device device = new CpuDeviceProvider()
            .open(DeviceConfig.defaults().withStrict(true).withThreads(2));
    private final Memory stack = device.allocate(16 << 20, "stack");
    private final Memory values = device.allocate(16 << 20, "values");
    private final Stream stream = device.openStream("rank 0");
    private final RankContext rank = RankContext.of(new Group("world", List.of(0), 0), device, stream,
            new MemoryStack(stack, freed -> stream.fill(freed, 0x7FC0_7FC0)),
            ThreadRendezvous.of(1, device.config().timeout()));
    private final ExpertRun.Values tensors = new ExpertRun.Values(stream, values, 11);

    @AfterEach
    void close() {
        stream.close();
        values.close();
        stack.close();
        device.close();
    }

    @Test
    void denseLayers() {
        for (Precision precision : List.of(Precision.single(), Precision.mixed())) {
            dense(precision);
        }
    }

    private void dense(Precision precision) {
        DType type = precision.compute();
        Parameter w = new Parameter("w", 0, OUTPUTS, INPUTS);
        w.multiplyIn(TYPE);
        try (ParameterUnit unit = unit(w, precision)) {
            Tensor x = tensors.random(type, TOKENS, INPUTS);
            Tensor dy = tensors.random(type, TOKENS, OUTPUTS);
            double[] weights = read(unit.shard().slice(0, 0, w.elements()));
            unit.prepare();
            for (int pass = 0; pass < 2; pass++) {
                try (Scope step = rank.memory().openStep(); ParameterUnit.Gathered gathered = unit.gather()) {
                    unit.openGradients();
                    Tape tape = Tape.recording(rank, new KeptValues());
                    Variable in = tape.input(x, true);
                    Variable out = Functions.linear(tape, in, w);
                    tape.backward(out, dy);
                    double[] byRows = rows(x, TOKENS, INPUTS);
                    double[] squares = Quantization.of(weights, OUTPUTS, INPUTS, 128, 128).elements();
                    double[] gradientRows = rows(dy, TOKENS, OUTPUTS);
                    check("y", type, read(out.tensor()), INPUTS, (i, k) -> byRows[i / OUTPUTS * INPUTS + k]
                            * squares[i % OUTPUTS * INPUTS + k]);
                    check("dx", type, read(in.gradient()), OUTPUTS, (i, k) -> gradientRows[i / INPUTS * OUTPUTS + k]
                            * squares[k * INPUTS + i % INPUTS]);
                    double[] left = columns(dy, TOKENS, OUTPUTS);
                    double[] right = columns(x, TOKENS, INPUTS);
                    check("dw", DType.F32, read(w.gradient()), TOKENS, (i, k) -> left[k * OUTPUTS + i / INPUTS]
                            * right[k * INPUTS + i % INPUTS]);
                    unit.reduceGradients();
                }
            }
        }
    }

    @Test
    void expertsOfPlainRows() {
        try (ExpertKernels kernels = new SwiGluKernelsProvider().open(rank)) {
            experts(kernels, DType.BF16, false);
        }
    }

    /** Rows that come with scales are multiplied as they are, and quantized again for the gradient of the weights. */
    @Test
    void expertsOfRowsWithScales() {
        try (ExpertKernels kernels = new SwiGluKernelsProvider().open(rank)) {
            experts(kernels, DType.F32, true);
        }
    }

    private void experts(ExpertKernels kernels, DType type, boolean sent) {
        int count = OFFSETS.length;
        int capacity = TOKENS;
        Parameter w = new Parameter("w", 0, count, OUTPUTS, INPUTS);
        w.multiplyIn(TYPE);
        try (ParameterUnit unit = unit(w, new Precision(type, DType.F32, DType.F32, DType.F32))) {
            Tensor offsets = tensors.tensor(DType.I32, count);
            stream.upload(MemorySegment.ofArray(OFFSETS), offsets);
            Tensor x = tensors.random(type, capacity, INPUTS);
            Tensor dy = tensors.random(type, capacity, OUTPUTS);
            stream.fill(x.slice(0, ROWS, capacity), Double.NaN);
            stream.fill(dy.slice(0, ROWS, capacity), Double.NaN);
            Tensor y = tensors.random(type, capacity, OUTPUTS);
            double[] before = read(y);
            double[] given = sent ? rows(x, ROWS, INPUTS) : read(x);
            double[] gradient = sent ? rows(dy, ROWS, OUTPUTS) : read(dy);
            double[] weights = read(unit.shard().slice(0, 0, w.elements()));
            unit.prepare();
            try (Scope step = rank.memory().openStep(); ParameterUnit.Gathered gathered = unit.gather()) {
                unit.openGradients();
                Tape tape = Tape.recording(rank, new KeptValues());
                ScaledExpertProducts products = new ScaledExpertProducts(tape, kernels,
                        ExpertMatrix.Rows.all(offsets), w);
                products.forward(sent ? sent(tape, x) : x, y);
                products.backward(sent ? sent(tape, dy) : dy, sent ? sent(tape, x) : x, x);
                double[] byRows = Quantization.of(given, ROWS, INPUTS, 1, 128).elements();
                double[] gradientRows = Quantization.of(gradient, ROWS, OUTPUTS, 1, 128).elements();
                double[] squares = squares(weights, count);
                check("y", type, read(y), INPUTS, (i, k) -> byRows[i / OUTPUTS * INPUTS + k]
                        * squares[(expert(i / OUTPUTS) * OUTPUTS + i % OUTPUTS) * INPUTS + k], ROWS * OUTPUTS);
                check("dx", type, read(x), OUTPUTS, (i, k) -> gradientRows[i / INPUTS * OUTPUTS + k]
                        * squares[(expert(i / INPUTS) * OUTPUTS + k) * INPUTS + i % INPUTS], ROWS * INPUTS);
                double[] left = Quantization.of(gradient, ROWS, OUTPUTS, 128, 1).elements();
                double[] right = Quantization.of(given, ROWS, INPUTS, 128, 1).elements();
                check("dw", DType.F32, read(w.gradient()), ROWS, (i, k) -> expert(k) != i / INPUTS / OUTPUTS ? 0
                        : left[k * OUTPUTS + i / INPUTS % OUTPUTS] * right[k * INPUTS + i % INPUTS]);
                unit.reduceGradients();
                double[] after = read(y);
                for (int i = ROWS * OUTPUTS; i < after.length; i++) {
                    assertEquals(before[i], after[i], "an element beyond the last row");
                }
            }
        }
    }

    private Tensor sent(Tape tape, Tensor x) {
        Tensor rows = Quantized.rowsLike(tape, TYPE, x);
        Quantized.fill(tape, x, rows);
        return rows;
    }

    private static double[] squares(double[] weights, int count) {
        double[] all = new double[weights.length];
        int size = OUTPUTS * INPUTS;
        for (int expert = 0; expert < count; expert++) {
            double[] one = Arrays.copyOfRange(weights, expert * size, (expert + 1) * size);
            System.arraycopy(Quantization.of(one, OUTPUTS, INPUTS, 128, 128).elements(), 0, all, expert * size, size);
        }
        return all;
    }

    private static int expert(int row) {
        int expert = 0;
        while (OFFSETS[expert] <= row) {
            expert++;
        }
        return expert;
    }

    private ParameterUnit unit(Parameter w, Precision precision) {
        ParameterUnit unit = new ParameterUnit("unit", List.of(w), rank, ShardGroup.alone(), precision);
        unit.load((parameter, from, into, count) -> {
            Random random = new Random(7 + from);
            for (int i = 0; i < count; i++) {
                into[i] = (float) random.nextGaussian();
            }
        });
        return unit;
    }

    private double[] rows(Tensor x, int rows, int columns) {
        return Quantization.of(read(x), rows, columns, 1, 128).elements();
    }

    private double[] columns(Tensor x, int rows, int columns) {
        return Quantization.of(read(x), rows, columns, 128, 1).elements();
    }

    private double[] read(Tensor tensor) {
        float[] read = tensors.read(tensor);
        double[] wide = new double[read.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = read[i];
        }
        return wide;
    }

    /** One term of the sum that is element {@code i} of a result. */
    @FunctionalInterface
    private interface Term {
        double of(int i, int k);
    }

    private static void check(String what, DType stored, double[] actual, int terms, Term term) {
        check(what, stored, actual, terms, term, actual.length);
    }

    private static void check(String what, DType stored, double[] actual, int terms, Term term, int count) {
        double nonZero = 0;
        for (int i = 0; i < count; i++) {
            double sum = 0;
            double size = 0;
            for (int k = 0; k < terms; k++) {
                double one = term.of(i, k);
                sum += one;
                size += Math.abs(one);
            }
            double bound = (terms + 3) * 0x1p-24 * size;
            bound += (stored == DType.F32 ? 0x1p-24 : 0x1p-8) * (Math.abs(sum) + bound);
            nonZero = Math.max(nonZero, Math.abs(sum));
            if (!(Math.abs(actual[i] - sum) <= bound)) {
                throw new AssertionError(
                        what + "[" + i + "] is " + actual[i] + "; expected " + sum + " within " + bound);
            }
        }
        assertTrue(nonZero > 1, what + " is almost zero, so that nothing was compared");
    }
}
