package io.moe4j.runtime.cuda;

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
import io.moe4j.runtime.cuda.driver.AddressablePointer;
import io.moe4j.runtime.cuda.driver.Driver;
import io.moe4j.runtime.cuda.driver.PrimaryContext;
import io.moe4j.runtime.cuda.driver.TensorMaps;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.Deque;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** An NVIDIA GPU. */
public final class CudaDevice implements Device {
    private final DeviceConfig config;
    private final PrimaryContext context;
    private final ContextTurns turns;
    private final FailureMailbox failures;
    private final TensorMaps tensorMaps;
    private final Cleaner cleaner = Cleaner.create();
    private final Map<String, Long> allocated = new TreeMap<>();
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final KernelModule kernels;
    private final CudaParts parts;
    private final DeviceOps ops;
    private final Optional<CapturedLoops> loops;
    private final PendingFrees pendingFrees = new PendingFrees();
    private final PinnedMemory pinned;
    private boolean closed;

    /**
     * Opens the device.
     *
     * @param binary the device's own kernels
     * @param parts the operations and peer groups
     */
    public CudaDevice(DeviceConfig config, Supplier<byte[]> binary, CudaParts parts) {
        this.config = config;
        this.parts = parts;
        this.context = new PrimaryContext(config.ordinal());
        try {
            this.turns = ContextTurns.of(context.pciAddress());
            this.failures = new FailureMailbox(turns);
            this.tensorMaps = new TensorMaps();
            this.pinned = new PinnedMemory(context, turns);
            this.kernels = new CudaKernelModule(this, "runtime-cuda", binary.get());
            this.ops = parts.ops(this, kernels);
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
        own(kernels);
        if (ops instanceof AutoCloseable closeable) {
            own(closeable);
        }
        loops = CapturedLoops.open(this);
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.CUDA;
    }

    @Override
    public String description() {
        return context.name() + " (cuda:" + context.ordinal() + ", " + (capacityBytes() >> 30) + " GiB, sm_"
                + context.computeCapability()
                + ")";
    }

    @Override
    public DeviceConfig config() {
        return config;
    }

    @Override
    public long capacityBytes() {
        return context.totalBytes();
    }

    @Override
    public long freeBytes() {
        context.makeCurrent();
        long[] free = new long[1];
        Driver.check(JCudaDriver.cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
        return free[0];
    }

    @Override
    public String hardwareId() {
        return context.pciAddress();
    }

    /** Dense bf16 rates from the vendor's data sheets; 0 for a GPU that is not listed. */
    @Override
    public double peakFlops() {
        String name = context.name();
        if (name.contains("H100") || name.contains("H200") || name.contains("H800")) {
            return 989e12;
        }
        return name.contains("A100") || name.contains("A800") ? 312e12 : 0;
    }

    /** The context of the driver. */
    public PrimaryContext context() {
        return context;
    }

    /** The turns that keep driver calls from overlapping. */
    public ContextTurns turns() {
        return turns;
    }

    /** Where kernels report failures. */
    public FailureMailbox failures() {
        return failures;
    }

    /** Memory that is closed, but not yet freed. */
    public PendingFrees pendingFrees() {
        return pendingFrees;
    }

    /** The device's own kernels. */
    public KernelModule kernels() {
        return kernels;
    }

    /** Loops in captures; absent if the driver cannot do them. */
    Optional<CapturedLoops> loops() {
        return loops;
    }

    TensorMaps tensorMaps() {
        return tensorMaps;
    }

    Cleaner cleaner() {
        return cleaner;
    }

    @Override
    public int multiprocessors() {
        return context.multiprocessors();
    }

    @Override
    public Memory allocate(long bytes, String purpose) {
        context.makeCurrent();
        AddressablePointer pointer = new AddressablePointer();
        int result = turns.call(() -> JCudaDriver.cuMemAlloc(pointer, Math.max(bytes, 1)));
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw outOfMemory(bytes, purpose);
        }
        Driver.check(result, "allocating " + bytes + " bytes for \"" + purpose + "\"");
        synchronized (allocated) {
            allocated.merge(purpose, bytes, Long::sum);
        }
        return Memory.of(pointer.address(), bytes, purpose, memory -> free(memory, pointer));
    }

    private DeviceException outOfMemory(long bytes, String purpose) {
        long[] free = new long[1];
        long[] total = new long[1];
        Driver.check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
        return new DeviceException(
                "out of memory: \"" + purpose + "\" wants " + bytes + " bytes, " + free[0] + " of " + total[0]
                        + " are free on " + description() + ", held: " + allocatedBytes()
                        + "; lower training.local_batch_size or training.seq_len, or use more ranks");
    }

    private void free(Memory memory, AddressablePointer pointer) {
        context.makeCurrent();
        synchronized (allocated) {
            allocated.merge(memory.purpose(), -memory.bytes(), Long::sum);
            allocated.values().removeIf(held -> held == 0);
        }
        Driver.check(turns.call(() -> JCudaDriver.cuMemFree(pointer)), "cuMemFree of \"" + memory.purpose() + "\"");
    }

    @Override
    public Map<String, Long> allocatedBytes() {
        synchronized (allocated) {
            return Map.copyOf(allocated);
        }
    }

    @Override
    public Memory allocateHost(long bytes, String purpose) {
        return pinned.allocate(bytes, purpose);
    }

    @Override
    public MemorySegment hostBytes(Memory memory) {
        if (!pinned.has(memory)) {
            throw new DeviceException(memory + " is not memory that allocateHost of this device has given");
        }
        // The host reaches page-locked memory at the addresses of the device.
        return MemorySegment.ofAddress(memory.address()).reinterpret(memory.bytes());
    }

    @Override
    public Map<String, Long> allocatedHostBytes() {
        return pinned.allocatedBytes();
    }

    /** Whether {@link #allocateHost} has given this memory. */
    boolean isHost(Memory memory) {
        return pinned.has(memory);
    }

    @Override
    public Stream openStream(String name) {
        return own(new CudaStream(this, name, false));
    }

    @Override
    public Stream openCommunicationStream(String name) {
        return own(new CudaStream(this, name, true));
    }

    @Override
    public KernelModule load(KernelSource source) {
        Supplier<byte[]> binary = source.binaries().get(DeviceKind.CUDA);
        if (binary == null) {
            throw new DeviceException(
                    "the kernels of " + source.name() + " have no CUDA binary, only " + source.binaries().keySet()
                            + " and CPU: choose another plug-in, or build this one with nvcc on the PATH");
        }
        return own(new CudaKernelModule(this, source.name(), binary.get()));
    }

    @Override
    public DeviceOps ops() {
        return ops;
    }

    @Override
    public WorkspaceSizes workspaceSizes() {
        return parts.workspaceSizes();
    }

    @Override
    public PeerGroup openPeerGroup(Group group, Rendezvous rendezvous) {
        return own(parts.peerGroup(this, group, rendezvous));
    }

    /** Closes all resources, even if some cannot be closed; throws the first failure. */
    @Override
    public void close() {
        synchronized (owned) {
            if (closed) {
                return;
            }
            closed = true;
            context.makeCurrent();
            failures.stopAfterFailure();
            owned.addLast(pendingFrees);
            owned.addLast(failures);
            owned.addLast(context);
            DeviceException failure = null;
            for (AutoCloseable resource; (resource = owned.poll()) != null;) {
                try {
                    resource.close();
                } catch (Exception e) {
                    if (failure == null) {
                        failure = new DeviceException("closing " + description(resource) + " failed: " + e.getMessage(),
                                e);
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

    private static String description(AutoCloseable resource) {
        return resource instanceof Stream stream ? "stream " + stream.name() : resource.getClass().getSimpleName();
    }

    /** Closes {@code resource} with the device. */
    <T extends AutoCloseable> T own(T resource) {
        synchronized (owned) {
            owned.push(resource);
        }
        return resource;
    }
}
