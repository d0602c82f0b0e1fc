package io.moe4j.layers.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.AttentionCall;
import io.moe4j.autograd.function.Functions;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * {@link Functions#attention(Tape, AttentionShape, float, Variable, Variable, Variable)}, which plug-ins of moe4j 0.1 link with and no layer of the library
 * uses: it is the other form without documents and with values (B·S, G·V), and both are causal attention.
 */
class AttentionFunctionTest {
    private static final int B = 2;
    private static final int S = 5;
    private static final int H = 4;
    private static final int G = 2;
    private static final int Q = 3;
    private static final int V = 2;
    private static final float SCALE = 0.7f;
    private static final AttentionShape SHAPE = AttentionShape.of(B, S, H, Q, V, DType.F32).withKeyHeads(G);

    private final Device device = new CpuDeviceProvider().open(DeviceConfig.defaults().withStrict(true).withThreads(2));
    private final Memory stack = device.allocate(1 << 20, "stack");
    private final Memory memory = device.allocate(1 << 20, "values");
    private final Stream stream = device.openStream("rank 0");
    private final RankContext rank = RankContext.of(new Group("world", List.of(0), 0), device, stream,
            new MemoryStack(stack, freed -> stream.fill(freed, 0x7FC0_7FC0)),
            ThreadRendezvous.of(1, device.config().timeout()));
    private final Random random = new Random(3);
    private final float[] q = values(B * S * H * Q);
    private final float[] k = values(B * S * G * Q);
    private final float[] v = values(B * S * G * V);
    private final float[] upstream = values(B * S * H * V);
    private long used;

    /** An attention on a tape. */
    @FunctionalInterface
    private interface Form {
        Variable of(Tape tape, Variable q, Variable k, Variable v);
    }

    @AfterEach
    void close() {
        stream.close();
        memory.close();
        stack.close();
        device.close();
    }

    @Test
    void itIsTheFormWithACall() {
        float[][] plain = run((tape, a, b, c) -> Functions.attention(tape, SHAPE, SCALE, a, b, c));
        float[][] call = run(
                (tape, a, b, c) -> Functions.attention(tape, AttentionCall.of("attention", SHAPE, SCALE), a, b, c));
        for (int i = 0; i < plain.length; i++) {
            assertArrayEquals(call[i], plain[i]);
        }
    }

    /**
     * Beside the definition in double. Scores are below 8 in size, so that fp32 has them to 8 · 2⁻²⁴ times the 3 + 5 operations on the way; weights are at
     * most 1, values below 4, and 1e-4 is far above the sum of 5 such errors. The gradient is compared with a central difference, whose error with h = 1e-3
     * is h² / 6 times a third derivative below 100: 2e-5.
     */
    @Test
    void itIsCausalAttentionWithItsGradients() {
        float[][] actual = run((tape, a, b, c) -> Functions.attention(tape, SHAPE, SCALE, a, b, c));
        double[] output = attention(wide(q), wide(k), wide(v));
        near(output, actual[0], "output");
        near(difference(wide(q), changed -> attention(changed, wide(k), wide(v))), actual[1], "gradient of q");
        near(difference(wide(k), changed -> attention(wide(q), changed, wide(v))), actual[2], "gradient of k");
        near(difference(wide(v), changed -> attention(wide(q), wide(k), changed)), actual[3], "gradient of v");
    }

    /** The output, and the gradients with respect to q, k and v. */
    private float[][] run(Form form) {
        used = 0;
        try (Scope step = rank.memory().openStep()) {
            Tape tape = Tape.recording(rank, new KeptValues());
            Variable a = tape.input(tensor(q, B * S, H * Q), true);
            Variable b = tape.input(tensor(k, B * S, G * Q), true);
            Variable c = tape.input(tensor(v, B * S, G * V), true);
            Variable out = form.of(tape, a, b, c);
            tape.backward(out, tensor(upstream, B * S, H * V));
            return new float[][] {read(out.tensor()), read(a.gradient()), read(b.gradient()), read(c.gradient())};
        }
    }

    private Tensor tensor(float[] values, long... shape) {
        Tensor tensor = Tensor.of(memory, used, DType.F32, shape);
        used += Math.ceilDiv(tensor.bytes(), 256L) * 256;
        stream.upload(MemorySegment.ofArray(values), tensor);
        return tensor;
    }

    private float[] read(Tensor tensor) {
        float[] read = new float[(int) tensor.elements()];
        stream.download(tensor, MemorySegment.ofArray(read));
        return read;
    }

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** A function of all elements of one input. */
    @FunctionalInterface
    private interface Output {
        double[] of(double[] input);
    }

    /** The gradient of Σ upstream · output with respect to an input, by central differences. */
    private double[] difference(double[] input, Output output) {
        double[] gradient = new double[input.length];
        double h = 1e-3;
        for (int i = 0; i < input.length; i++) {
            double[] above = input.clone();
            double[] below = input.clone();
            above[i] += h;
            below[i] -= h;
            gradient[i] = (sum(output.of(above)) - sum(output.of(below))) / (2 * h);
        }
        return gradient;
    }

    private double sum(double[] output) {
        double sum = 0;
        for (int i = 0; i < output.length; i++) {
            sum += upstream[i] * output[i];
        }
        return sum;
    }

    /** Token t of a sequence attends to tokens 0 to t; query head h to key head h / (H / G). */
    private static double[] attention(double[] q, double[] k, double[] v) {
        double[] output = new double[B * S * H * V];
        for (int row = 0; row < B * S; row++) {
            int first = row / S * S;
            for (int h = 0; h < H; h++) {
                int g = h / (H / G);
                double[] weights = new double[row - first + 1];
                double total = 0;
                for (int t = 0; t < weights.length; t++) {
                    double score = 0;
                    for (int i = 0; i < Q; i++) {
                        score += q[(row * H + h) * Q + i] * k[((first + t) * G + g) * Q + i];
                    }
                    weights[t] = Math.exp(SCALE * score);
                    total += weights[t];
                }
                for (int t = 0; t < weights.length; t++) {
                    for (int i = 0; i < V; i++) {
                        output[(row * H + h) * V + i] += weights[t] / total * v[((first + t) * G + g) * V + i];
                    }
                }
            }
        }
        return output;
    }

    private static double[] wide(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    private static void near(double[] expected, float[] actual, String what) {
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(expected[i] - actual[i]);
            assertTrue(difference <= 1e-4, what + "[" + i + "] is " + actual[i] + ", and not " + expected[i]);
        }
    }
}
