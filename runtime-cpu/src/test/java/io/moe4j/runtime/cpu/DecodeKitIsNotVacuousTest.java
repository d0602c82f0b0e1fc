package io.moe4j.runtime.cpu;

import static io.moe4j.tests.contract.Planted.CALL;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionOps.Decode;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.Planted;
import io.moe4j.tests.contract.ops.DeviceOpsContract;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kit of operations finds faults planted into attention over a cache, by an assertion about its output. */
class DecodeKitIsNotVacuousTest {

    /** The calls, one or several, that are made instead of the requested one. */
    enum Fault {
        NO_SCALE {
            @Override
            List<Decode> instead(Decode a) {
                return List.of(Decode.of(1, a.q_THQ(), a.k_LGQ(), a.v_LGV(), a.o_THV()));
            }
        },
        LATER_TOKENS_ARE_SEEN {
            @Override
            List<Decode> instead(Decode a) {
                return LongStream.range(0, a.queries()).mapToObj(t -> Decode.of(a.scale(), a.q_THQ().slice(0, t, t + 1),
                        a.k_LGQ(), a.v_LGV(), a.o_THV().slice(0, t, t + 1))).toList();
            }
        },
        THE_FIRST_TOKEN_IS_NOT_SEEN {
            @Override
            List<Decode> instead(Decode a) {
                return a.keys() == a.queries() ? List.of(a)
                        : List.of(Decode.of(a.scale(), a.q_THQ(), a.k_LGQ().slice(0, 1, a.keys()),
                                a.v_LGV().slice(0, 1, a.keys()), a.o_THV()));
            }
        },
        NEIGHBOURS_HAVE_DIFFERENT_KEYS {
            @Override
            List<Decode> instead(Decode a) {
                return LongStream.range(0, a.heads()).mapToObj(h -> Decode.of(a.scale(), head(a.q_THQ(), h),
                        head(a.k_LGQ(), h % a.keyHeads()), head(a.v_LGV(), h % a.keyHeads()), head(a.o_THV(), h)))
                        .toList();
            }
        };

        abstract List<Decode> instead(Decode asked);

        private static Tensor head(Tensor tensor, long h) {
            return tensor.slice(1, h, h + 1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void finds(Fault fault) {
        Planted.isFound(fault.name(), "o: \\d+ of \\d+ elements are wrong", () -> failures(broken(fault)));
    }

    /** The control: without a fault the same test passes. */
    @Test
    void passesWithoutAFault() {
        assertEquals(List.of(), failures(new CpuDeviceProvider()));
    }

    private static List<Throwable> failures(DeviceProvider provider) {
        DeviceOpsContract kit = new DeviceOpsContract() {
            @Override
            protected DeviceProvider provider() {
                return provider;
            }
        };
        kit.open();
        try {
            return Planted.failures(kit.decode());
        } finally {
            kit.close();
        }
    }

    private static DeviceProvider broken(Fault fault) {
        DeviceProvider cpu = new CpuDeviceProvider();
        return Planted.instead(DeviceProvider.class, cpu, (method, arguments) -> method.equals("open")
                ? broken(fault, cpu.open((DeviceConfig) arguments[0]))
                : CALL);
    }

    private static Device broken(Fault fault, Device device) {
        AttentionOps real = device.ops().attention();
        AttentionOps attention = Planted.instead(AttentionOps.class, real, (method, arguments) -> {
            if (!method.equals("decode")) {
                return CALL;
            }
            fault.instead((Decode) arguments[1]).forEach(call -> real.decode((Stream) arguments[0], call));
            return null;
        });
        DeviceOps ops = Planted.instead(DeviceOps.class, device.ops(),
                (method, arguments) -> method.equals("attention") ? attention : CALL);
        return Planted.instead(Device.class, device, (method, arguments) -> method.equals("ops") ? ops : CALL);
    }
}
