package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuKernel;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The Java kernels of a plug-in, loaded on this device. */
@Stability(Stability.Level.INTERNAL)
public final class CpuKernelModule implements KernelModule {
    private final CpuMachine machine;
    private final KernelSource source;
    private volatile boolean closed;

    /** Loads the Java kernels of {@code source}. */
    public CpuKernelModule(CpuMachine machine, KernelSource source) {
        if (source.cpu().isEmpty()) {
            throw new DeviceException("the kernels of " + source.name() + " have no Java implementation, only "
                    + source.binaries().keySet() + "; choose another plug-in for device cpu");
        }
        this.machine = machine;
        this.source = source;
    }

    @Override
    public Kernel kernel(String name) {
        @Nullable CpuKernel code = source.cpu().get(name);
        if (closed || code == null) {
            throw new DeviceException(closed ? "kernel " + name + " of " + source.name()
                    + " was requested after the module was closed"
                    : "there is no kernel " + name + " in " + source.name() + "; there are "
                            + new TreeMap<>(source.cpu()).keySet());
        }
        return new Loaded(name, code, machine);
    }

    @Override
    public void close() {
        closed = true;
    }

    /** A kernel that was loaded on one machine. */
    record Loaded(String name, CpuKernel code, CpuMachine machine) implements Kernel {
        boolean isOf(CpuMachine other) {
            return machine == other;
        }
    }
}
