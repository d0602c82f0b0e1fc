package io.moe4j.runtime.cpu;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.DeviceContract;
import io.moe4j.tests.contract.Planted;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Faults of devices, which {@link DeviceContract} finds. */
final class DeviceFaults {

    private DeviceFaults() {}

    static List<KitFault> all() {
        return List.of(
                device("memory is not counted", "1024", DeviceContract::memoryIsCounted,
                        (real, method, arguments) -> method.equals("allocatedBytes") ? Map.of() : CALL),
                device("memory is not aligned", "<4>", DeviceContract::memoryIsCounted,
                        (real, method, arguments) -> method.equals("allocate") ? unaligned(real, arguments) : CALL),
                device("too much is accepted", "to be thrown", DeviceContract::tooMuchIsRefused,
                        (real, method, arguments) -> method.equals("allocate")
                                ? real.allocate(Math.min((long) arguments[0], 1 << 20), (String) arguments[1])
                                : CALL),
                device("copies do nothing", "array contents differ|array lengths differ",
                        DeviceContract::transfersKeepValues,
                        streams((real, method, arguments) -> method.equals("copy") ? null : CALL)),
                device("events do not order streams", "array contents differ", DeviceContract::eventsOrderStreams,
                        streams(neverAwaiting())));
    }

    private static Memory unaligned(Device real, Object[] arguments) {
        Memory memory = real.allocate((long) arguments[0], (String) arguments[1]);
        return Memory.of(memory.address() + 4, (long) arguments[0], memory.purpose(), freed -> memory.close());
    }

    private static Wrong<Device> streams(Wrong<Stream> wrong) {
        return (real, method, arguments) -> {
            if (!method.equals("openStream")) {
                return CALL;
            }
            Stream stream = real.openStream((String) arguments[0]);
            return Planted.instead(Stream.class, stream, (call, given) -> wrong.answer(stream, call, given));
        };
    }

    /**
     * Events are not awaited, and a stream delays each fill as long as possible: until it records its next event after the point where it would itself
     * await. By then the other stream's results have been read. So the fault shows in any order of the threads.
     */
    private static Wrong<Stream> neverAwaiting() {
        Map<Stream, Runnable> late = new HashMap<>();
        Map<Stream, Runnable> due = new HashMap<>();
        return (real, method, arguments) -> switch (method) {
            case "fill" -> {
                late.put(real, () -> real.fill((Tensor) arguments[0], (double) arguments[1]));
                yield null;
            }
            case "await" -> {
                Runnable fill = late.remove(real);
                if (fill != null) {
                    due.put(real, fill);
                }
                yield null;
            }
            case "record" -> {
                Runnable fill = due.remove(real);
                if (fill != null) {
                    fill.run();
                }
                yield CALL;
            }
            default -> CALL;
        };
    }

    /** The CPU device with some calls replaced. */
    static DeviceProvider devices(Wrong<Device> wrong) {
        DeviceProvider cpu = new CpuDeviceProvider();
        return Planted.instead(DeviceProvider.class, cpu, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            Device device = cpu.open((DeviceConfig) arguments[0]);
            return Planted.instead(Device.class, device, (call, given) -> wrong.answer(device, call, given));
        });
    }

    private static final class DeviceKit extends DeviceContract {
        private final DeviceProvider provider;

        DeviceKit(DeviceProvider provider) {
            this.provider = provider;
        }

        @Override
        protected DeviceProvider provider() {
            return provider;
        }

        @Override
        protected DeviceConfig deviceConfig() {
            return DeviceConfig.defaults().withStrict(true);
        }
    }

    private static KitFault device(String name, String reason, Consumer<DeviceContract> test, Wrong<Device> wrong) {
        return new KitFault(name, reason, planted -> {
            DeviceKit kit = new DeviceKit(planted ? devices(wrong) : new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(() -> test.accept(kit));
            } finally {
                kit.close();
            }
        });
    }
}
