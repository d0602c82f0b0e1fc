package io.moe4j.runtime.planning;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** A stream that never waits, since it does no work. */
final class PlanningStream implements Stream {
    private final PlanningDevice device;
    private final String name;
    private final PlanningDevice.HeldMemory own;
    private long hostSyncs;

    /** @param memory what the device would allocate for it, by purpose */
    PlanningStream(PlanningDevice device, String name, Map<String, Long> memory) {
        this.device = device;
        this.name = name;
        this.own = device.own(memory);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void launch(Launch launch) {
        for (KernelArg argument : launch.arguments()) {
            if (argument instanceof KernelArg.Pointer(Tensor tensor)) {
                PlanningChecks.live(launch.kernel().name(), tensor);
            }
        }
    }

    @Override
    public void copy(Tensor source, Tensor destination) {
        PlanningChecks.live("copy", source, destination);
        PlanningChecks.that(
                source.dtype() == destination.dtype() && source.elements() == destination.elements()
                        && source.isContiguous()
                        && destination.isContiguous(),
                "copy", "types and shapes match, and both are contiguous", source, destination);
    }

    @Override
    public void fill(Tensor tensor, double value) {
        PlanningChecks.live("fill", tensor);
        PlanningChecks.that(tensor.isContiguous(), "fill", "it is contiguous", tensor);
    }

    @Override
    public void upload(MemorySegment source, Tensor destination) {
        PlanningChecks.live("upload", destination);
        PlanningChecks.that(source.byteSize() == destination.bytes(), "upload",
                "the host gives " + destination.bytes() + " bytes, not "
                        + source.byteSize(),
                destination);
    }

    /** Fills the destination with zeros. */
    @Override
    public void download(Tensor source, MemorySegment destination) {
        PlanningChecks.live("download", source);
        PlanningChecks.that(source.bytes() == destination.byteSize(), "download",
                "the host takes " + source.bytes() + " bytes, not "
                        + destination.byteSize(),
                source);
        destination.fill((byte) 0);
        hostSyncs++;
    }

    @Override
    public void synchronize() {
        hostSyncs++;
    }

    @Override
    public Event record() {
        return start -> 0;
    }

    @Override
    public void await(Event event) {}

    @Override
    public boolean isCapturing() {
        return false;
    }

    @Override
    public long hostSyncs() {
        return hostSyncs;
    }

    @Override
    public void close() {
        own.close();
    }
}
