package io.moe4j.runtime.cpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.spi.Availability;
import io.moe4j.runtime.cpu.ops.CpuWorkspaceSizes;
import java.util.OptionalInt;

/** Provides the device {@code cpu}. */
public final class CpuDeviceProvider implements DeviceProvider {

    @Override
    public String id() {
        return "cpu";
    }

    @Override
    public String spiVersion() {
        return DeviceProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "The cores of this machine, with OpenBLAS; the numeric reference";
    }

    @Override
    public Availability probe() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return Availability.unavailable(
                    "the module jdk.incubator.vector is not among those of this Java process",
                    "start it with --add-modules jdk.incubator.vector, and have it in a runtime that was made by jlink");
        }
        return CpuDeviceProvider.class.getModule().getLayer() == null || isHere("org.bytedeco.openblas")
                ? Availability.available()
                : Availability.unavailable("the module org.bytedeco.openblas is not there",
                        "put it and its natives for this platform on the module path");
    }

    private static boolean isHere(String module) {
        return CpuDeviceProvider.class.getModule().getLayer().findModule(module).isPresent();
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.CPU;
    }

    @Override
    public String captureId() {
        return "cpu";
    }

    @Override
    public WorkspaceSizes workspaceSizes() {
        return new CpuWorkspaceSizes();
    }

    @Override
    public OptionalInt deviceCount() {
        return OptionalInt.of(1);
    }

    @Override
    public Device open(DeviceConfig config) {
        if (config.ordinal() != 0 || config.threads() < 1) {
            throw new DeviceException("device cpu:" + config.ordinal() + " with " + config.threads()
                    + " threads: there is one CPU device, number 0, and it needs at least 1 thread");
        }
        return new CpuDevice(config);
    }
}
