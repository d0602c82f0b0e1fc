package io.moe4j.runtime.planning;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
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
import java.util.List;
import java.util.Map;

/**
 * A device that computes nothing and counts memory, for plans: memory is a range of virtual addresses, enqueued work is checked (extents, liveness)
 * and then dropped, and the host reads zeros. It stands for a device of another kind and has the scratch sizes of that kind, so that code allocates
 * the same bytes here as it would there.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class PlanningDevice implements Device {
    private final DeviceKind target;
    private final DeviceConfig config;
    private final WorkspaceSizes workspaceSizes;
    private final Ledger ledger = new Ledger();
    private final Ledger host = new Ledger();
    private final WorkMeter work;
    private final DeviceOps ops;

    private PlanningDevice(DeviceKind target, DeviceConfig config, WorkspaceSizes workspaceSizes) {
        this.target = target;
        this.config = config;
        this.workspaceSizes = workspaceSizes;
        this.work = new WorkMeter(target);
        this.ops = new PlanningOps(work);
    }

    /** Stands for a device of kind {@code target}, opened with {@code config}. */
    public static PlanningDevice open(DeviceKind target, DeviceConfig config, WorkspaceSizes workspaceSizes) {
        return new PlanningDevice(target, config, workspaceSizes);
    }

    /** Stands for a CPU, opened with the defaults. */
    public static PlanningDevice open(WorkspaceSizes workspaceSizes) {
        return open(DeviceKind.CPU, DeviceConfig.defaults(), workspaceSizes);
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.PLANNING;
    }

    @Override
    public DeviceKind targetKind() {
        return target;
    }

    @Override
    public String description() {
        return "plan for " + target;
    }

    @Override
    public DeviceConfig config() {
        return config;
    }

    /** Larger than any request. */
    @Override
    public long capacityBytes() {
        return Ledger.ENDLESS;
    }

    @Override
    public double peakFlops() {
        return 0;
    }

    @Override
    public Memory allocate(long bytes, String purpose) {
        return ledger.allocate(bytes, purpose);
    }

    /** Unlimited memory that appears in no report: for a stack whose peak is to be measured. */
    public Memory endless() {
        return ledger.uncounted(Ledger.ENDLESS, "planned memory");
    }

    /** Holds what the device that this one stands for would allocate internally, by purpose, until it is closed. */
    HeldMemory own(Map<String, Long> bytes) {
        List<Memory> all = bytes.entrySet().stream().map(each -> allocate(each.getValue(), each.getKey())).toList();
        return () -> all.forEach(Memory::close);
    }

    /** Gives memory back when it is closed. */
    @FunctionalInterface
    interface HeldMemory extends AutoCloseable {
        @Override
        void close();
    }

    /** Memory of another rank; the plan of that rank counts it. */
    Memory peer(long bytes, String purpose) {
        return ledger.uncounted(bytes, purpose);
    }

    @Override
    public Map<String, Long> allocatedBytes() {
        return ledger.byPurpose();
    }

    /** The memory of a CPU is the host's. */
    @Override
    public Memory allocateHost(long bytes, String purpose) {
        return target.equals(DeviceKind.CPU) ? allocate(bytes, purpose) : host.allocate(bytes, purpose);
    }

    @Override
    public Map<String, Long> allocatedHostBytes() {
        return host.byPurpose();
    }

    /**
     * What the operations so far would have cost. Kernels that plug-ins launch by themselves are not counted: whoever calls those plug-ins adds them.
     *
     * @since 0.3.0
     */
    public WorkMeter work() {
        return work;
    }

    @Override
    public Stream openStream(String name) {
        return new PlanningStream(this, name, workspaceSizes.streamMemory());
    }

    @Override
    public Stream openCopyStream(String name) {
        return new PlanningStream(this, name, Map.of());
    }

    @Override
    public Stream openCommunicationStream(String name) {
        return openCopyStream(name);
    }

    @Override
    public KernelModule load(KernelSource source) {
        return new PlanningKernelModule(source);
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
        return new PlanningPeerGroup(this, group);
    }

    /** Has nothing to release. */
    @Override
    public void close() {}
}
