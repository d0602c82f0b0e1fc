package io.moe4j.cudagraph;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.NativeLibraries;
import io.moe4j.runtime.cuda.driver.WhileNodes;

/** Provides the graph capture {@code cuda_graph}. */
public final class CudaGraphProvider implements GraphCaptureProvider {

    @Override
    public String id() {
        return "cuda_graph";
    }

    @Override
    public String spiVersion() {
        return GraphCaptureProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "CUDA graphs";
    }

    @Override
    public Availability probe() {
        return NativeLibraries.probe();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CUDA);
    }

    @Override
    public Availability repeats() {
        return WhileNodes.probe();
    }

    @Override
    public GraphCapture open(RankContext context) {
        if (!(context.device() instanceof CudaDevice device)) {
            throw new DeviceException(
                    "cuda_graph captures on CUDA devices, and this is " + context.device().description()
                            + "; use the capture that the device's provider names");
        }
        return new CudaGraphCapture(device);
    }
}
