package io.moe4j.runtime.cpu;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;

/** Provides the graph capture {@code cpu}: records a stream's commands, and later replays them without running the code that submitted them. */
public final class CpuCaptureProvider implements GraphCaptureProvider {

    @Override
    public String id() {
        return "cpu";
    }

    @Override
    public String spiVersion() {
        return GraphCaptureProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Recorded commands, under the rules of a CUDA graph";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CPU);
    }

    @Override
    public Availability repeats() {
        return Availability.available();
    }

    @Override
    public GraphCapture open(RankContext context) {
        if (!supports(context.device().kind())) {
            throw new DeviceException("the capture \"cpu\" records on the CPU device, and this is "
                    + context.device().description() + "; use the capture that the device's provider names");
        }
        return new CpuCapture();
    }
}
