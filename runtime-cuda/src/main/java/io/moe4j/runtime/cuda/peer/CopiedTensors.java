package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Gathers and reduces with the GPU's copy engines, for collectives beside what a rank computes. A kernel that fetches from another GPU would hold
 * multiprocessors while it waits for the link; and a matrix product whose blocks need all multiprocessors would wait for that kernel. For ranks of one
 * process. The hosts tell each other the addresses at each call; when a step is captured, they do that once.
 *
 * <p>Sums are those of {@link PublishedTensors}, in rank order. What other ranks have is fetched into a window first, piece by piece, so that the kernel that
 * adds reads the rank's own memory only.
 */
final class CopiedTensors {
    private final Group group;
    private final PeerGroup peers;
    private final PeerKernels kernels;
    private final Rendezvous rendezvous;
    private final SymmetricMemory table;
    private final Memory window;

    /**
     * Uses memory that other collectives of the same group use at other times.
     *
     * @param table addresses, one for each rank
     * @param window where pieces are fetched to
     */
    CopiedTensors(PeerGroup peers, PeerKernels kernels, Rendezvous rendezvous, SymmetricMemory table, Memory window) {
        this.group = peers.group();
        this.peers = peers;
        this.kernels = kernels;
        this.rendezvous = rendezvous;
        this.table = table;
        this.window = window;
    }

    void allGather(Stream stream, Tensor in, Tensor out) {
        List<Long> addresses = addresses("all-gather", in);
        peers.barrier(stream, "all-gather");
        for (int p = 0; p < group.size(); p++) {
            Tensor part = Tensor.of(out.memory(), out.byteOffset() + p * in.bytes(), in.dtype(), in.elements());
            if (addresses.get(p) != part.address()) {
                stream.copy(at(addresses.get(p), in.dtype(), in.elements()), part);
            }
        }
        // No rank overwrites what another one still copies.
        peers.barrier(stream, "all-gather (end)");
    }

    void reduceScatter(Stream stream, Tensor in, Tensor out) {
        List<Long> addresses = addresses("reduce-scatter", in);
        int size = in.dtype().bytes();
        long n = out.elements();
        long piece = window.bytes() / group.size() / PeerKernels.VECTOR * PeerKernels.VECTOR / size;
        peers.barrier(stream, "reduce-scatter");
        for (int p = 0; p < group.size(); p++) {
            publish(stream, p, window.address() + p * piece * size);
        }
        for (long done = 0; done < n; done += piece) {
            long count = Math.min(piece, n - done);
            long from = (group.index() * n + done) * size;
            for (int p = 0; p < group.size(); p++) {
                if (p == group.index()) {
                    publish(stream, p, in.address() + from);
                } else {
                    stream.copy(at(addresses.get(p) + from, in.dtype(), count),
                            Tensor.of(window, p * piece * size, in.dtype(), count));
                }
            }
            kernels.reduce(stream, KernelArg.of(Tensor.of(table.local(), 0, DType.I64, group.size())), group.size(),
                    in.dtype(),
                    Tensor.of(out.memory(), out.byteOffset() + done * out.dtype().bytes(), out.dtype(), count),
                    0);
        }
        peers.barrier(stream, "reduce-scatter (end)");
    }

    private void publish(Stream stream, int rank, long address) {
        kernels.publish(stream, KernelArg.peers(table), group.index(), rank, KernelArg.of(address));
    }

    private static Tensor at(long address, DType type, long elements) {
        return Tensor.of(Memory.borrowed(address, elements * type.bytes(), "tensor of a peer"), 0, type, elements);
    }

    private List<Long> addresses(String operation, Tensor tensor) {
        return rendezvous
                .exchange(group, operation + " in " + group.name(),
                        ByteBuffer.allocate(Long.BYTES).putLong(tensor.address()).array())
                .stream().map(bytes -> ByteBuffer.wrap(bytes).getLong()).toList();
    }
}
