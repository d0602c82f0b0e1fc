package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.ops.DeviceOps;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * An open device: memory, streams, kernels, operations. Safe for use by many rank threads. {@link #close()} is idempotent, and releases everything that was
 * opened through the device, in reverse order.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Device extends AutoCloseable {

    /** Its kind. */
    DeviceKind kind();

    /**
     * The kind of device that memory is allocated for: its own kind, except for a {@link DeviceKind#PLANNING} device, which stands for a device of
     * another kind.
     */
    default DeviceKind targetKind() {
        return kind();
    }

    /** Name and size, for people. */
    String description();

    /** How it was opened. */
    DeviceConfig config();

    /** Total bytes of memory, used or not. */
    long capacityBytes();

    /**
     * Bytes of free memory: allocated neither by this process nor, if the device can tell, by other processes. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default long freeBytes() {
        return Math.max(0, capacityBytes() - allocatedBytes().values().stream().mapToLong(Long::longValue).sum());
    }

    /**
     * Identifies the hardware among hardware of the same kind on the same host, such as the PCI address of a GPU. It shows whether the devices that two
     * processes see as number 0 are the same hardware. Empty if it is the only one, or if the device does not know. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default String hardwareId() {
        return "";
    }

    /** Its highest dense rate in bf16 (CUDA) or fp32 (CPU), in FLOP/s, for the model-FLOPs-utilisation figure; 0 if unknown. */
    double peakFlops();

    /**
     * How many parts compute at the same time: the multiprocessors of a GPU, such as 132 on an H200, or the threads of a CPU. The grid of a
     * persistent kernel is a multiple of it. 1 if unknown. Since SPI 1.3.
     */
    default int multiprocessors() {
        return 1;
    }

    /**
     * Allocates memory. No other method allocates device memory for the caller.
     *
     * @param bytes may exceed 2³¹; 0 is allowed
     * @param purpose a line of the memory report, such as {@code "parameters"}
     * @throws DeviceException if there is not enough; the message has the requested and the free bytes, and the allocated bytes by purpose
     */
    Memory allocate(long bytes, String purpose);

    /** Bytes allocated now, by purpose. */
    Map<String, Long> allocatedBytes();

    /**
     * Allocates host memory, filled with zeros, that this device can access; page-locked if the device has separate memory. All calls that take tensors accept
     * tensors in it. {@link Stream#copy} between it and the device's memory runs at the same time as kernels of other streams, and the host does not wait; a
     * kernel that reads it is as slow as the link. A device whose memory is the host's allocates ordinary memory. Since SPI 1.4.
     *
     * @param bytes may exceed 2³¹; 0 is allowed
     * @param purpose a line of the memory report, such as {@code "optimizer state"}
     * @throws DeviceException if the host refuses it, or if the device was built against an SPI before 1.4
     * @since 0.3.0
     */
    default Memory allocateHost(long bytes, String purpose) {
        throw new DeviceException(
                "this device was built against an SPI before 1.4 and reaches no memory of the host, of"
                        + " which \"" + purpose + "\" wants " + bytes
                        + " bytes; do without it (optimizer.offload or checkpoint.background = false), or take a newer"
                        + " version of its plug-in");
    }

    /**
     * The bytes of memory that {@link #allocateHost} has allocated, for host code. Any thread may use them while that memory is live and no stream uses it:
     * {@link Stream#synchronize} ensures this. Since SPI 1.4.
     *
     * @throws DeviceException if the device was built against an SPI before 1.4
     * @since 0.3.0
     */
    default MemorySegment hostBytes(Memory memory) {
        throw new DeviceException(
                "this device was built against an SPI before 1.4 and shows the host no bytes of " + memory
                        + "; take a newer version of its plug-in");
    }

    /**
     * Bytes that {@link #allocateHost} has allocated, by purpose; empty on a device whose memory is the host's, where {@link #allocatedBytes} includes them.
     * Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Map<String, Long> allocatedHostBytes() {
        return Map.of();
    }

    /** Opens a stream: work submitted to it runs in order. Each rank has its own stream. */
    Stream openStream(String name);

    /**
     * Opens a stream that only copies, so that the device need not allocate workspaces for it. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Stream openCopyStream(String name) {
        return openStream(name);
    }

    /**
     * Opens a stream for communication at the same time as a rank's main stream: kernels of plug-ins, collectives, copies and elementwise operations, but no
     * products and no attention, so the device need not allocate their workspaces for it. Its work should not have to wait until the main
     * stream is idle: a GPU gives it a higher priority. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Stream openCommunicationStream(String name) {
        return openStream(name);
    }

    /** Makes a plug-in's kernels launchable by name. Closing the device closes the module. */
    KernelModule load(KernelSource source);

    /** The operations, by family. */
    DeviceOps ops();

    /** Scratch sizes of the operations. */
    WorkspaceSizes workspaceSizes();

    /**
     * Joins the ranks of a group over peer memory; every rank of the group calls this, in the same order.
     *
     * @param group the ranks
     * @param rendezvous how they meet
     */
    PeerGroup openPeerGroup(Group group, Rendezvous rendezvous);

    @Override
    void close();
}
