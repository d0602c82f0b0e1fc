package io.moe4j.runtime.cuda.provider;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.spi.Availability;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.NativeLibraries;
import io.moe4j.runtime.cuda.driver.PrimaryContext;
import io.moe4j.runtime.cuda.ops.CudaWorkspaceSizes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.OptionalInt;

/** Provides the device {@code cuda}. */
public final class CudaDeviceProvider implements DeviceProvider {
    private static final String KERNELS = "kernels.fatbin";

    @Override
    public String id() {
        return "cuda";
    }

    @Override
    public String spiVersion() {
        return DeviceProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "NVIDIA GPUs through the CUDA driver, cuBLASLt and cuDNN";
    }

    @Override
    public Availability probe() {
        if (CudaDevice.class.getResource(KERNELS) == null) {
            return Availability.unavailable("the CUDA kernels were not built", "build with nvcc (CUDA 13) on the PATH");
        }
        return NativeLibraries.probe();
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.CUDA;
    }

    @Override
    public String captureId() {
        return "cuda_graph";
    }

    @Override
    public Optional<String> collectivesId() {
        return Optional.of("cuda_peer_memory");
    }

    @Override
    public WorkspaceSizes workspaceSizes() {
        return CudaWorkspaceSizes.INSTANCE;
    }

    @Override
    public OptionalInt deviceCount() {
        return OptionalInt.of(probe() instanceof Availability.Unavailable ? 0 : PrimaryContext.count());
    }

    @Override
    public Device open(DeviceConfig config) {
        if (probe() instanceof Availability.Unavailable missing) {
            throw new DeviceException("device cuda:" + config.ordinal() + " is unavailable: " + missing.reason() + "; "
                    + missing.remedy());
        }
        return new CudaDevice(config, CudaDeviceProvider::kernels, new AllParts());
    }

    private static byte[] kernels() {
        try (InputStream in = CudaDevice.class.getResourceAsStream(KERNELS)) {
            if (in == null) {
                throw new DeviceException("the CUDA kernels were not built; build with nvcc (CUDA 13) on the PATH");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + KERNELS, e);
        }
    }
}
