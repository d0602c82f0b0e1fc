package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Gathers and reduces with the GPUs' copy engines: for captured work that runs at the same time as a rank's computation, between ranks of one process that
 * each have their own GPU. Copies over links then occupy no multiprocessors. A kernel that copies would occupy some, and a product that needs all of them
 * could finish only after that kernel.
 *
 * <p>A rank copies from its own memory into that of the others, never the other way round: captured copies out of another GPU's memory, between
 * barriers, did not always end; see decision 56. The hosts exchange the addresses, once for each captured call.
 *
 * <p>Sums are those of {@link PublishedTensors}: in rank order, in fp32, rounded once. With two ranks and one element type, a rank receives the other's part
 * in the memory of the result, in a single piece. Otherwise parts are received in the window, piece by piece.
 */
final class PushedTensors {
    private final Group group;
    private final PeerGroup peers;
    private final PeerKernels kernels;
    private final Rendezvous rendezvous;
    private final Memory window;

    /** @param window memory of this rank that no other collective uses at the same time */
    PushedTensors(PeerGroup peers, PeerKernels kernels, Rendezvous rendezvous, Memory window) {
        this.group = peers.group();
        this.peers = peers;
        this.kernels = kernels;
        this.rendezvous = rendezvous;
        this.window = window;
    }

    void allGather(Stream stream, Tensor in, Tensor out) {
        List<Long> addresses = addresses("all-gather", out.address());
        Tensor own = StagedTensors.flat(in, 0, in.elements());
        long place = group.index() * in.bytes();
        // After this barrier, the results of all ranks may be overwritten.
        peers.barrier(stream, "all-gather");
        for (int p : others()) {
            stream.copy(own, at(addresses.get(p) + place, in.dtype(), in.elements()));
        }
        if (out.address() + place != in.address()) {
            stream.copy(own, StagedTensors.flat(out, group.index() * in.elements(), in.elements()));
        }
        peers.barrier(stream, "all-gather (end)");
    }

    void reduceScatter(Stream stream, Tensor in, Tensor out) {
        boolean inPlace = group.size() == 2 && in.dtype() == out.dtype();
        long received = inPlace ? out.address() : window.address();
        int size = in.dtype().bytes();
        long n = out.elements();
        long pitch = inPlace ? n
                : window.bytes() / (group.size() - 1) / PeerKernels.VECTOR * PeerKernels.VECTOR / size;
        List<Long> addresses = addresses("reduce-scatter", received);
        for (long done = 0; done < n; done += pitch) {
            long count = Math.min(pitch, n - done);
            // After this barrier, all ranks have summed the parts that they received earlier.
            peers.barrier(stream, "reduce-scatter");
            for (int p : others()) {
                int slot = group.index() < p ? group.index() : group.index() - 1;
                stream.copy(StagedTensors.flat(in, p * n + done, count),
                        at(addresses.get(p) + slot * pitch * size, in.dtype(), count));
            }
            peers.barrier(stream, "reduce-scatter (end)");
            kernels.reduceReceived(stream, group, KernelArg.of(received), pitch,
                    StagedTensors.flat(in, group.index() * n + done, count), StagedTensors.flat(out, done, count));
        }
    }

    /** The other ranks, beginning with the next one, so that not all copy to the same GPU first. */
    private int[] others() {
        return IntStream.range(1, group.size()).map(i -> (group.index() + i) % group.size()).toArray();
    }

    private static Tensor at(long address, DType type, long count) {
        return Tensor.of(Memory.borrowed(address, count * type.bytes(), "tensor of another rank"), 0, type, count);
    }

    private List<Long> addresses(String operation, long own) {
        byte[] mine = ByteBuffer.allocate(Long.BYTES).putLong(own).array();
        return rendezvous.exchange(group, operation + " in " + group.name(), mine).stream()
                .map(bytes -> ByteBuffer.wrap(bytes).getLong()).toList();
    }
}
