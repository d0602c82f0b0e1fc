package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;

/**
 * {@code collectives.cu}: each rank publishes the address of its tensor, and pulls from the others. A barrier before the pull: all addresses and data are
 * there. A barrier after it: nobody overwrites what another still reads, nor publishes anew.
 *
 * <p>Addresses are those of the publishing process, so ranks in several processes stage through symmetric memory first.
 */
final class CudaPeerCollectives implements Collectives {
    private static final int BLOCK = 512;
    private static final int MAX_BLOCKS = 528;
    private static final long SCRATCH_BYTES = 64L << 20;

    private final CudaDevice device;
    private final Group group;
    private final PeerGroup peers;
    private final SymmetricMemory slots;
    private final Memory scratch;
    private long bytesSent;

    CudaPeerCollectives(CudaDevice device, Group group, Rendezvous rendezvous) {
        this.device = device;
        this.group = group;
        this.peers = device.openPeerGroup(group, rendezvous);
        this.slots = peers.allocate((long) group.size() * Long.BYTES, "collectives");
        this.scratch = device.allocate(SCRATCH_BYTES, "collectives");
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        if (out.bytes() != in.bytes() * group.size()) {
            throw new DeviceException("all-gather of " + in + " over " + group.size() + " ranks into " + out
                    + ": out has size * n elements");
        }
        bytesSent += in.bytes() * (group.size() - 1);
        exchange(stream, in, "all-gather", () -> {
            int blocks = blocks(in.bytes() / 16 / Math.max(1, group.size() / 2));
            stream.launch(Launch
                    .of(device.kernels().kernel("all_gather"), KernelArg.of(addresses()), KernelArg.of(out),
                            KernelArg.of(in.bytes()),
                            KernelArg.of(group.index()), KernelArg.of(in))
                    .withGrid(blocks, group.size()).withBlock(BLOCK));
        });
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        if (in.elements() != out.elements() * group.size()) {
            throw new DeviceException("reduce-scatter of " + in + " over " + group.size() + " ranks into " + out
                    + ": in has size * n elements");
        }
        bytesSent += in.bytes() / group.size() * (group.size() - 1);
        exchange(stream, in, "reduce-scatter", () -> reduce(stream, in.dtype(), out, group.index() * out.elements()));
    }

    @Override
    public void allReduce(Stream stream, Tensor tensor) {
        bytesSent += tensor.bytes() * (group.size() - 1);
        // In place: every rank must have read everything before anybody writes, so the sums wait in a scratch tensor of this group.
        if (tensor.bytes() > SCRATCH_BYTES) {
            throw new DeviceException("all-reduce of " + tensor + ": at most " + SCRATCH_BYTES
                    + " bytes are reduced in place over peer memory; use reduce-scatter and all-gather for more");
        }
        Tensor sums = Tensor.of(scratch, 0, tensor.dtype(), tensor.elements());
        exchange(stream, tensor, "all-reduce", () -> reduce(stream, tensor.dtype(), sums, 0));
        stream.copy(sums, tensor.view(tensor.elements()));
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        bytesSent += group.index() == root ? tensor.bytes() * (group.size() - 1) : 0;
        exchange(stream, tensor, "broadcast", () -> pull(stream, root, 0, tensor));
    }

    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows) {
        throw new DeviceException(
                "all-to-all-v over CUDA peer memory is not there yet: choose the nccl collectives for moe_comm_backend = standard");
    }

    @Override
    public long bytesSent() {
        return bytesSent;
    }

    @Override
    public void close() {
        scratch.close();
        slots.close();
        peers.close();
    }

    private void exchange(Stream stream, Tensor in, String phase, Runnable pull) {
        stream.launch(Launch.of(device.kernels().kernel("publish"), KernelArg.peers(slots), KernelArg.of(group.index()),
                KernelArg.of(group.size()),
                KernelArg.of(in)).withBlock(Math.max(32, group.size())));
        peers.barrier(stream, phase);
        pull.run();
        peers.barrier(stream, phase + " (end)");
    }

    private void reduce(Stream stream, DType from, Tensor out, long offset) {
        String kernel = from == DType.I32 || from == DType.I64 ? "reduce_" + name(from)
                : "reduce_" + name(from) + "_" + name(out.dtype());
        stream.launch(Launch
                .of(device.kernels().kernel(kernel), KernelArg.of(addresses()), KernelArg.of(out), KernelArg.of(offset),
                        KernelArg.of(out.elements()), KernelArg.of(group.size()))
                .withGrid(blocks(out.elements()), 1).withBlock(BLOCK));
    }

    private void pull(Stream stream, int from, long byteOffset, Tensor out) {
        stream.launch(Launch
                .of(device.kernels().kernel("pull"), KernelArg.of(addresses()), KernelArg.of(from),
                        KernelArg.of(byteOffset),
                        KernelArg.of(out), KernelArg.of(out.bytes()))
                .withGrid(blocks(out.bytes()), 1).withBlock(BLOCK));
    }

    private Tensor addresses() {
        return Tensor.of(slots.local(), 0, DType.I64, group.size());
    }

    private static int blocks(long items) {
        return (int) Math.max(1, Math.min(MAX_BLOCKS, Math.ceilDiv(items, (long) BLOCK)));
    }

    private static String name(DType dtype) {
        return dtype.name().toLowerCase(java.util.Locale.ROOT);
    }
}
