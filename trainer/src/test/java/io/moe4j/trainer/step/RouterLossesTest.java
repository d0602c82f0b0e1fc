package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses of routing against PyTorch's autograd; make_router_losses.py has written its numbers. */
class RouterLossesTest {

    /** PyTorch computes in single precision: sums of up to 64 terms, of numbers around 1. */
    @ParameterizedTest
    @CsvSource({"few, SOFTMAX, 3", "few, SIGMOID, 3", "many, SOFTMAX, 2", "many, SIGMOID, 2"})
    void lossesAndGradientsAreThoseOfPyTorch(String name, Score score, int sequences) throws URISyntaxException {
        String at = name + "." + score.name().toLowerCase(java.util.Locale.ROOT) + ".";
        try (SafetensorsFile golden = SafetensorsFile.open(Path.of(
                Objects.requireNonNull(RouterLossesTest.class.getResource("router_losses.safetensors")).toURI()));
                Device device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu")
                        .open(DeviceConfig.defaults().withStrict(true));
                Stream stream = device.openStream("rank 0");
                Memory memory = device.allocate(1 << 20, "tensors")) {
            List<Long> shape = golden.entry(at + "logits").shape();
            long tokens = shape.get(0);
            long experts = shape.get(1);
            long topK = golden.entry(at + "ids").shape().get(1);
            Tensor logits_TE = Tensor.of(memory, 0, DType.F32, tokens, experts);
            Tensor dlogits_TE = Tensor.of(memory, 1 << 16, DType.F32, tokens, experts);
            Tensor ids_TK = Tensor.of(memory, 1 << 17, DType.I32, tokens, topK);
            Tensor counts_BE = Tensor.of(memory, 1 << 18, DType.I32, sequences, experts);
            Tensor terms_2T = Tensor.of(memory, 1 << 19, DType.F32, 2, tokens);
            Tensor sums_2 = Tensor.of(memory, (1 << 19) + (1 << 18), DType.F32, 2);
            stream.upload(golden.data(at + "logits"), logits_TE);
            stream.upload(golden.data(at + "ids"), ids_TK);
            stream.fill(sums_2, 0);
            RoutingOps ops = device.ops().routing();
            RoutingOps.Losses losses = RoutingOps.Losses.of(score, (int) topK, tokens / sequences);
            ops.countBySequence(stream, ids_TK, counts_BE);
            ops.losses(stream, losses, logits_TE, counts_BE, terms_2T, sums_2);
            ops.lossesBackward(stream, losses, logits_TE, counts_BE, 0.3f / tokens, 0.02f / tokens, dlogits_TE);
            RouterLosses found = RouterLosses.read(stream, sums_2.view(1, 2)).over(tokens);
            float[] expected = golden.data(at + "losses").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            assertEquals(expected[0], found.balance(), 1e-5 * expected[0]);
            assertEquals(expected[1], found.z(), 1e-5 * expected[1]);
            assertTrue(found.balance() > 1 && found.balance() < (double) experts / topK, found.toString());
            close(golden.data(at + "gradient").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED), read(stream, dlogits_TE));
        }
    }

    private static float[] read(Stream stream, Tensor tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 16);
            stream.download(tensor, host);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static void close(float[] expected, float[] actual) {
        double largest = 0;
        for (float each : expected) {
            largest = Math.max(largest, Math.abs(each));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-5 * largest, "element " + i);
        }
    }
}
