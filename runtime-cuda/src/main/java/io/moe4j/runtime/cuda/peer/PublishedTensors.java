package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * For ranks of one process: each publishes the address of its tensor, and the others read it there; nothing is copied twice. The barrier before
 * reading ensures that all addresses and data are written. The barrier after it ensures that no rank overwrites data that another rank still reads,
 * or publishes again.
 */
final class PublishedTensors implements PeerReads {
    private final Group group;
    private final PeerGroup peers;
    private final PeerKernels kernels;
    private final SymmetricMemory slots;

    PublishedTensors(PeerGroup peers, PeerKernels kernels) {
        this.group = peers.group();
        this.peers = peers;
        this.kernels = kernels;
        this.slots = peers.allocate((long) group.size() * Long.BYTES, "collectives");
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        publish(stream, in, 0, null, "all-gather");
        kernels.gather(stream, table(), group.size(), KernelArg.of(out), in.bytes(), in.bytes());
        end(stream, "all-gather");
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        publish(stream, in, 0, null, "reduce-scatter");
        kernels.reduce(stream, table(), group.size(), in.dtype(), out, group.index() * out.elements());
        end(stream, "reduce-scatter");
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        publish(stream, tensor, 0, null, "broadcast");
        kernels.pull(stream, table(), root, 0, KernelArg.of(tensor), tensor.bytes());
        end(stream, "broadcast");
    }

    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendBytes, Tensor out, long[] recvBytes) {
        publish(stream, in, 0, sendBytes, "all-to-all");
        long at = 0;
        for (int p = 0; p < group.size(); p++) {
            kernels.pull(stream, table(), p, 0, bytes(out, at), recvBytes[p]);
            at += recvBytes[p];
        }
        end(stream, "all-to-all");
    }

    /** Publishes the address of the tensor to all ranks; with {@code parts}, tells each rank the address of its own part. */
    private void publish(Stream stream, Tensor tensor, long from, long @org.jspecify.annotations.Nullable [] parts,
            String phase) {
        long at = from;
        for (int p = 0; p < group.size(); p++) {
            kernels.publish(stream, KernelArg.peers(slots), p, group.index(), bytes(tensor, at));
            at += parts == null ? 0 : parts[p];
        }
        peers.barrier(stream, phase);
    }

    private void end(Stream stream, String phase) {
        peers.barrier(stream, phase + " (end)");
    }

    private KernelArg table() {
        return KernelArg.of(Tensor.of(slots.local(), 0, DType.I64, group.size()));
    }

    private static KernelArg bytes(Tensor tensor, long offset) {
        return KernelArg.of(tensor.address() + offset);
    }

    @Override
    public void close() {
        slots.close();
    }
}
