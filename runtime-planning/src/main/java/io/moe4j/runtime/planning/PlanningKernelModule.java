package io.moe4j.runtime.planning;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import java.util.TreeSet;

/** Checks names only: the names of the Java kernels, or any name if there are only binaries, which are not read. */
final class PlanningKernelModule implements KernelModule {
    private final KernelSource source;

    PlanningKernelModule(KernelSource source) {
        this.source = source;
    }

    @Override
    public Kernel kernel(String name) {
        if (!source.cpu().isEmpty() && !source.cpu().containsKey(name)) {
            throw new DeviceException(
                    "there is no kernel " + name + " in " + source.name() + "; it has "
                            + new TreeSet<>(source.cpu().keySet()));
        }
        return () -> name;
    }

    @Override
    public void close() {}
}
