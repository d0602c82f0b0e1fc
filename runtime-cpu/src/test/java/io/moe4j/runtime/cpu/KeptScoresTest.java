package io.moe4j.runtime.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The gradient of attention reads the scores that forward has stored, and computes them if there are none. */
class KeptScoresTest {
    private static final AttentionShape SHAPE = AttentionShape.of(1, 200, 2, 16, 8, DType.F32);

    @Test
    void theGradientReadsThem() {
        try (Device device = new CpuDeviceProvider().open(Ranks.config(2, true));
                Stream stream = device.openStream("rank 0")) {
            AttentionOps.Forward call = forward(device, stream);
            Tensor scores = Values.tensor(device, DType.F32,
                    device.workspaceSizes().attentionScores(SHAPE) / Float.BYTES);
            device.ops().attention().forward(stream, call.withScores(scores));
            int[] computed = gradient(device, stream, call);
            assertArrayEquals(computed, gradient(device, stream, call.withScores(scores)));
            stream.fill(scores, 0);
            assertFalse(Arrays.equals(computed, gradient(device, stream, call.withScores(scores))));
            assertArrayEquals(computed, gradient(device, stream, call));
        }
    }

    @Test
    void tooLittleMemoryIsRefused() {
        try (Device device = new CpuDeviceProvider().open(Ranks.config(1, true));
                Stream stream = device.openStream("rank 0")) {
            int elements = Math.toIntExact(device.workspaceSizes().attentionScores(SHAPE) / 4);
            AttentionOps.Forward call = forward(device, stream)
                    .withScores(Values.tensor(device, DType.F32, elements - 1));
            String message = assertThrows(IllegalArgumentException.class,
                    () -> device.ops().attention().forward(stream, call)).getMessage();
            assertTrue(message.contains(4L * elements + " bytes"), message);
        }
    }

    private static AttentionOps.Forward forward(Device device, Stream stream) {
        int tokens = (int) SHAPE.sequence();
        return AttentionOps.Forward.of(SHAPE, 0.25f, values(device, stream, 16, 1), values(device, stream, 16, 2),
                values(device, stream, 8, 3), values(device, stream, 8, 4),
                Values.tensor(device, DType.F32, 2L * tokens).view(1, 2, tokens));
    }

    private static Tensor values(Device device, Stream stream, int dim, int seed) {
        int tokens = (int) SHAPE.sequence();
        return Values.floats(device, stream, tokens * 2 * dim, i -> (float) Math.sin(seed * (i + 1.0))).view(1, tokens,
                2, dim);
    }

    /** Bits of dq, dk and dv. */
    private static int[] gradient(Device device, Stream stream, AttentionOps.Forward call) {
        Tensor dq = values(device, stream, 16, 6);
        Tensor dk = values(device, stream, 16, 7);
        Tensor dv = values(device, stream, 8, 8);
        device.ops().attention().backward(stream,
                AttentionOps.Backward.of(call, values(device, stream, 8, 5), dq, dk, dv));
        return java.util.stream.Stream.of(dq, dk, dv).flatMapToInt(
                tensor -> Arrays.stream(Values.bits(stream, tensor.view(tensor.elements())))).toArray();
    }
}
