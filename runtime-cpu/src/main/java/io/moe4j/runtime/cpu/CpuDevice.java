package io.moe4j.runtime.cpu;

import io.moe4j.api.Shown;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.CpuKernelModule;
import io.moe4j.runtime.cpu.engine.CpuStream;
import io.moe4j.runtime.cpu.engine.CpuMachine;
import io.moe4j.runtime.cpu.ops.CpuOps;
import io.moe4j.runtime.cpu.ops.CpuWorkspaceSizes;
import io.moe4j.runtime.cpu.peer.CpuPeerGroup;
import java.lang.foreign.MemorySegment;
import io.moe4j.runtime.cpu.product.VectorProducts;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Map;

/** The device {@code cpu}: it computes on the cores of this machine. */
final class CpuDevice implements Device {
    private final DeviceConfig config;
    private final CpuMachine machine;
    private final DeviceOps ops;
    private final Processor processor = Processor.read();
    private final WorkspaceSizes workspaceSizes = new CpuWorkspaceSizes();
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private boolean closed;

    CpuDevice(DeviceConfig config) {
        this.config = config;
        machine = new CpuMachine(config,
                VectorProducts.isSupported() ? Optional.of(VectorProducts::new) : Optional.empty());
        ops = new CpuOps(machine);
        own(machine);
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.CPU;
    }

    @Override
    public String description() {
        return processor.name() + " (cpu:" + config.ordinal() + ", " + Shown.count(config.threads(), "thread") + ", "
                + (capacityBytes() >> 30) + " GiB, " + machine.products()
                + (config.strict() ? ", strict" : "") + ")";
    }

    @Override
    public DeviceConfig config() {
        return config;
    }

    @Override
    public long capacityBytes() {
        return machine.heap().capacityBytes();
    }

    @Override
    public long freeBytes() {
        return machine.heap().freeBytes();
    }

    @Override
    public double peakFlops() {
        return processor.peakFlops(config.threads());
    }

    @Override
    public Memory allocate(long bytes, String purpose) {
        return machine.heap().allocate(bytes, purpose);
    }

    /** Allocates ordinary memory, since the device's memory is the host's. It is zero even on a strict device, whose other fresh memory is NaN. */
    @Override
    public Memory allocateHost(long bytes, String purpose) {
        return machine.heap().allocateZeros(bytes, purpose);
    }

    @Override
    public MemorySegment hostBytes(Memory memory) {
        return Addresses.ALL.asSlice(memory.address(), memory.bytes());
    }

    @Override
    public int multiprocessors() {
        return config.threads();
    }

    @Override
    public Map<String, Long> allocatedBytes() {
        return machine.heap().allocatedBytes();
    }

    @Override
    public Stream openStream(String name) {
        return own(new CpuStream(this, machine, name));
    }

    @Override
    public KernelModule load(KernelSource source) {
        return own(new CpuKernelModule(machine, source));
    }

    @Override
    public DeviceOps ops() {
        return ops;
    }

    @Override
    public WorkspaceSizes workspaceSizes() {
        return workspaceSizes;
    }

    @Override
    public PeerGroup openPeerGroup(Group group, Rendezvous rendezvous) {
        return own(new CpuPeerGroup(machine, group, rendezvous));
    }

    private <T extends AutoCloseable> T own(T resource) {
        synchronized (owned) {
            if (!closed) {
                owned.push(resource);
                return resource;
            }
        }
        closeAll(new ArrayDeque<>(java.util.List.of(resource)));
        throw new DeviceException("something was opened on " + description() + " after it was closed; close it last");
    }

    @Override
    public void close() {
        synchronized (owned) {
            closed = true;
        }
        closeAll(owned);
    }

    /** Closes all resources, even if some fail; throws the first failure. */
    private static void closeAll(Deque<AutoCloseable> resources) {
        DeviceException failure = null;
        while (true) {
            AutoCloseable resource;
            synchronized (resources) {
                resource = resources.poll();
            }
            if (resource == null) {
                break;
            }
            try {
                resource.close();
            } catch (Exception e) {
                if (failure == null) {
                    failure = new DeviceException("closing " + resource + " failed: " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
