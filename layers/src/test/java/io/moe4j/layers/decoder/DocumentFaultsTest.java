package io.moe4j.layers.decoder;

import static io.moe4j.tests.contract.Planted.CALL;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.ModelContract;
import io.moe4j.tests.contract.Planted;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream.Builder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kit of models finds a model that does not keep documents apart, by an assertion and for the right reason. */
class DocumentFaultsTest {

    /**
     * A fault.
     *
     * @param name what is wrong
     * @param reason words of the assertion that finds it
     * @param test of the kit that must find it
     * @param ops the device's operations, with the fault
     */
    record Fault(String name, String reason, Consumer<ModelContract> test, Function<DeviceOps, DeviceOps> ops) {
        @Override
        public String toString() {
            return name;
        }
    }

    static java.util.stream.Stream<Fault> faults() {
        Builder<Fault> all = java.util.stream.Stream.builder();
        all.add(new Fault("no boundary in forward", "logits of the second document differ",
                ModelContract::documentsAreLikeSequencesOfTheirOwn, attention(DocumentFaultsTest::across,
                        Function.identity())));
        all.add(new Fault("no boundary in backward", "gradients of .* differ",
                ModelContract::documentsAreLikeSequencesOfTheirOwn, attention(Function.identity(),
                        DocumentFaultsTest::across)));
        all.add(new Fault("dk and dv of an earlier document", "gradients of .* differ",
                ModelContract::anEarlierDocumentDoesNotShow, attention(Function.identity(),
                        DocumentFaultsTest::across)));
        all.add(new Fault("a boundary one token too late", "logits of the (first|second) document differ",
                ModelContract::documentsAreLikeSequencesOfTheirOwn, attention(DocumentFaultsTest::late,
                        Function.identity())));
        all.add(new Fault("positions that go on, in forward only", "gradients of .* differ",
                ModelContract::documentsAreLikeSequencesOfTheirOwn, ops -> rope(ops, false)));
        all.add(new Fault("positions that go on, in backward only", "gradients of .* differ",
                ModelContract::documentsAreLikeSequencesOfTheirOwn, ops -> rope(ops, true)));
        return all.build();
    }

    @ParameterizedTest
    @MethodSource("faults")
    void isFound(Fault fault) {
        Planted.isFound(fault.name(), fault.reason(), () -> Planted.failures(() -> run(fault.test(), fault.ops())));
    }

    @Test
    void withoutAFaultAllPass() {
        run(ModelContract::documentsAreLikeSequencesOfTheirOwn, Function.identity());
        run(ModelContract::anEarlierDocumentDoesNotShow, Function.identity());
    }

    private static void run(Consumer<ModelContract> test, Function<DeviceOps, DeviceOps> ops) {
        ModelContract kit = new TiedDecoderContractTest() {
            @Override
            protected DeviceProvider deviceProvider() {
                return Planted.instead(DeviceProvider.class, super.deviceProvider(), (method,
                        arguments) -> method.equals("open") ? faulty(super.deviceProvider(), arguments[0], ops) : CALL);
            }
        };
        kit.open();
        try {
            test.accept(kit);
        } finally {
            kit.close();
        }
    }

    private static Device faulty(DeviceProvider provider, Object config, Function<DeviceOps, DeviceOps> ops) {
        Device device = provider.open((DeviceConfig) config);
        DeviceOps faulty = ops.apply(device.ops());
        return Planted.instead(Device.class, device, (method, arguments) -> method.equals("ops") ? faulty : CALL);
    }

    private static AttentionOps.Forward across(AttentionOps.Forward a) {
        return new AttentionOps.Forward(a.shape(), a.scale(), a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(),
                a.lse_BHS(), a.workspace(), Optional.empty());
    }

    /** The only boundary one token later. Work on this device is done when it is enqueued, so that the starts can be read here. */
    private static AttentionOps.Forward late(AttentionOps.Forward a) {
        Tensor starts = a.starts_BS().orElseThrow();
        int[] moved = MemorySegment.ofAddress(starts.address()).reinterpret(starts.bytes()).toArray(JAVA_INT);
        for (int s = 0; s < moved.length; s++) {
            moved[s] = moved[s] == 0 || moved[s] == s ? 0 : moved[s] + 1;
        }
        MemorySegment own = Arena.ofAuto().allocateFrom(JAVA_INT, moved);
        return a.withStarts(Tensor.of(Memory.of(own.address(), own.byteSize(), "late starts", ignored -> {}), 0,
                DType.I32, starts.dim(0), starts.dim(1)));
    }

    private static Function<DeviceOps, DeviceOps> attention(
            Function<AttentionOps.Forward, AttentionOps.Forward> forward,
            Function<AttentionOps.Forward, AttentionOps.Forward> backward) {
        return ops -> {
            AttentionOps real = ops.attention();
            AttentionOps wrong = Planted.instead(AttentionOps.class, real, (method, arguments) -> {
                if (method.equals("forward") && ((AttentionOps.Forward) arguments[1]).starts_BS().isPresent()) {
                    real.forward((Stream) arguments[0], forward.apply((AttentionOps.Forward) arguments[1]));
                    return null;
                }
                if (method.equals("backward")
                        && ((AttentionOps.Backward) arguments[1]).forward().starts_BS().isPresent()) {
                    AttentionOps.Backward b = (AttentionOps.Backward) arguments[1];
                    real.backward((Stream) arguments[0], new AttentionOps.Backward(backward.apply(b.forward()),
                            b.do_BSHV(), b.dq_BSHQ(), b.dk_BSHQ(), b.dv_BSHV(), b.workspace()));
                    return null;
                }
                return CALL;
            });
            return Planted.instead(DeviceOps.class, ops,
                    (method, arguments) -> method.equals("attention") ? wrong : CALL);
        };
    }

    private static DeviceOps rope(DeviceOps ops, boolean inverse) {
        RopeOps real = ops.rope();
        RopeOps wrong = Planted.instead(RopeOps.class, real, (method, arguments) -> {
            if (method.equals("rotateAt") && ((RopeOps.AtPositions) arguments[1]).inverse() == inverse) {
                RopeOps.AtPositions a = (RopeOps.AtPositions) arguments[1];
                if (a.halves()) {
                    real.rotateHalves((Stream) arguments[0], a.x_THR(), a.cosSin_SR(), inverse, a.out_THR());
                } else {
                    real.rotate((Stream) arguments[0], a.x_THR(), a.cosSin_SR(), inverse, a.out_THR());
                }
                return null;
            }
            return CALL;
        });
        return Planted.instead(DeviceOps.class, ops, (method, arguments) -> method.equals("rope") ? wrong : CALL);
    }
}
