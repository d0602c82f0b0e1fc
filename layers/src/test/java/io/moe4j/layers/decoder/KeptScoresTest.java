package io.moe4j.layers.decoder;

import static io.moe4j.tests.contract.Planted.CALL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.ModelContract;
import io.moe4j.tests.contract.Planted;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Attention leaves scores to its gradient in recompute, and only there: one block at a time has memory for them. */
class KeptScoresTest {
    private static final Consumer<ModelContract> RECOMPUTE = ModelContract::recomputeDoesNotShow;
    /** What the device has seen. */
    private static final class Seen {
        private int forwards;
        private int kept;
        private int gradients;
        private int gradientsOfKept;
        /** Those of the last forward that left any, until its gradient. */
        private Optional<Tensor> open = Optional.empty();

        void forward(AttentionOps.Forward a) {
            forwards++;
            if (a.scores().isPresent()) {
                assertTrue(open.isEmpty(), "the gradient of an earlier attention has not read its scores");
                open = a.scores();
                kept++;
            }
        }

        void gradient(AttentionOps.Forward a) {
            gradients++;
            if (a.scores().isPresent()) {
                assertEquals(open, a.scores());
                open = Optional.empty();
                gradientsOfKept++;
            }
        }
    }

    @Test
    void inRecomputeOnly() {
        Seen seen = new Seen();
        run(seen, false);
        assertTrue(seen.kept > 0 && seen.kept == seen.gradientsOfKept, () -> seen.kept + " and "
                + seen.gradientsOfKept);
        // The policy that keeps everything, and the first forward pass of the others.
        assertTrue(seen.gradients > seen.gradientsOfKept, () -> seen.gradients + " and " + seen.gradientsOfKept);
        assertTrue(seen.forwards >= seen.gradients + seen.kept, () -> seen.forwards + " and " + seen.kept);
    }

    @Test
    void wrongOnesAreFound() {
        Planted.isFound("scores that are zero", "under (full|budget)",
                () -> Planted.failures(() -> run(new Seen(), true)));
    }

    private static void run(Seen seen, boolean spoils) {
        ModelContract kit = new TiedDecoderContractTest() {
            @Override
            protected DeviceProvider deviceProvider() {
                DeviceProvider real = super.deviceProvider();
                return Planted.instead(DeviceProvider.class, real, (method, arguments) -> method.equals("open")
                        ? watched(real.open((DeviceConfig) arguments[0]), seen, spoils) : CALL);
            }
        };
        kit.open();
        try {
            RECOMPUTE.accept(kit);
        } finally {
            kit.close();
        }
    }

    private static Device watched(Device device, Seen seen, boolean spoils) {
        AttentionOps real = device.ops().attention();
        AttentionOps attention = Planted.instead(AttentionOps.class, real, (method, arguments) -> {
            if (method.equals("forward")) {
                AttentionOps.Forward a = (AttentionOps.Forward) arguments[1];
                seen.forward(a);
                real.forward((Stream) arguments[0], a);
                a.scores().filter(scores -> spoils).ifPresent(scores -> ((Stream) arguments[0]).fill(scores, 0));
                return null;
            }
            if (method.equals("backward")) {
                seen.gradient(((AttentionOps.Backward) arguments[1]).forward());
            }
            return CALL;
        });
        DeviceOps ops = Planted.instead(DeviceOps.class, device.ops(),
                (method, arguments) -> method.equals("attention") ? attention : CALL);
        return Planted.instead(Device.class, device, (method, arguments) -> method.equals("ops") ? ops : CALL);
    }
}
