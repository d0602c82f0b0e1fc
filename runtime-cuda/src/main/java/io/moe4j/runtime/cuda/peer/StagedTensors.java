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

/**
 * For ranks of several processes, which cannot read each other's tensors in place, and for in-place sums, whose source must not change while other
 * ranks read it. Tensors are transferred in pieces, through a window of symmetric memory. For each piece: copy it into this rank's window; barrier, after
 * which all windows are filled; read the windows of the others; barrier, after which the windows may be filled again.
 */
final class StagedTensors implements PeerReads {
    /** Size of the window. It is divisible by the size of any element, and by the number of ranks where that is a power of two up to 64. */
    static final long WINDOW_BYTES = 32L << 20;
    private static final long ALIGNMENT = 16;

    private final Group group;
    private final PeerGroup peers;
    private final PeerKernels kernels;
    private final Rendezvous rendezvous;
    private final SymmetricMemory window;

    StagedTensors(PeerGroup peers, PeerKernels kernels, Rendezvous rendezvous) {
        this.group = peers.group();
        this.peers = peers;
        this.kernels = kernels;
        this.rendezvous = rendezvous;
        this.window = peers.allocate(WINDOW_BYTES, "collectives");
    }

    /** This rank's part of the window. */
    Memory window() {
        return window.local();
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        for (long done = 0; done < in.bytes(); done += WINDOW_BYTES) {
            long bytes = Math.min(WINDOW_BYTES, in.bytes() - done);
            fill(stream, 0, in, done, bytes);
            filled(stream, "all-gather");
            kernels.gather(stream, table(), group.size(), KernelArg.of(out.address() + done), bytes, in.bytes());
            read(stream, "all-gather");
        }
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        int size = in.dtype().bytes();
        long piece = part() / size;
        long n = out.elements();
        for (long done = 0; done < n; done += piece) {
            long count = Math.min(piece, n - done);
            for (int p = 0; p < group.size(); p++) {
                fill(stream, p * part(), in, (p * n + done) * size, count * size);
            }
            filled(stream, "reduce-scatter");
            kernels.reduce(stream, table(), group.size(), in.dtype(), flat(out, done, count),
                    group.index() * part() / size);
            read(stream, "reduce-scatter");
        }
    }

    /** Replaces the tensor by the sum over the ranks, on every rank. */
    void allReduce(Stream stream, Tensor tensor) {
        int size = tensor.dtype().bytes();
        long piece = WINDOW_BYTES / size;
        for (long done = 0; done < tensor.elements(); done += piece) {
            long count = Math.min(piece, tensor.elements() - done);
            fill(stream, 0, tensor, done * size, count * size);
            filled(stream, "all-reduce");
            kernels.reduce(stream, table(), group.size(), tensor.dtype(), flat(tensor, done, count), 0);
            read(stream, "all-reduce");
        }
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        for (long done = 0; done < tensor.bytes(); done += WINDOW_BYTES) {
            long bytes = Math.min(WINDOW_BYTES, tensor.bytes() - done);
            if (group.index() == root) {
                fill(stream, 0, tensor, done, bytes);
            }
            filled(stream, "broadcast");
            if (group.index() != root) {
                kernels.pull(stream, table(), root, 0, KernelArg.of(tensor.address() + done), bytes);
            }
            read(stream, "broadcast");
        }
    }

    /** Ranks know only their own counts, so their hosts first agree on the number of pieces. */
    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendBytes, Tensor out, long[] recvBytes) {
        long rounds = 0;
        for (long bytes : sendBytes) {
            rounds = Math.max(rounds, Math.ceilDiv(bytes, part()));
        }
        for (byte[] other : rendezvous.exchange(group, "all-to-all in " + group.name(),
                ByteBuffer.allocate(Long.BYTES).putLong(rounds).array())) {
            rounds = Math.max(rounds, ByteBuffer.wrap(other).getLong());
        }
        for (long round = 0; round < rounds; round++) {
            long from = 0;
            long to = 0;
            for (int p = 0; p < group.size(); p++) {
                long bytes = Math.clamp(sendBytes[p] - round * part(), 0, part());
                fill(stream, p * part(), in, from + round * part(), bytes);
                from += sendBytes[p];
            }
            filled(stream, "all-to-all");
            for (int p = 0; p < group.size(); p++) {
                long bytes = Math.clamp(recvBytes[p] - round * part(), 0, part());
                kernels.pull(stream, table(), p, group.index() * part(),
                        KernelArg.of(out.address() + to + round * part()),
                        bytes);
                to += recvBytes[p];
            }
            read(stream, "all-to-all");
        }
    }

    /** Bytes of the window for each pair of ranks. */
    private long part() {
        return WINDOW_BYTES / group.size() / ALIGNMENT * ALIGNMENT;
    }

    private void fill(Stream stream, long at, Tensor tensor, long offset, long bytes) {
        if (bytes > 0) {
            DType unit = tensor.dtype();
            long count = bytes / unit.bytes();
            stream.copy(Tensor.of(tensor.memory(), tensor.byteOffset() + offset, unit, count),
                    Tensor.of(window.local(), at, unit, count));
        }
    }

    /** Elements {@code from} to {@code from + count} of a contiguous tensor, as one dimension. */
    static Tensor flat(Tensor tensor, long from, long count) {
        return Tensor.of(tensor.memory(), tensor.byteOffset() + from * tensor.dtype().bytes(), tensor.dtype(), count);
    }

    private void filled(Stream stream, String phase) {
        peers.barrier(stream, phase);
    }

    private void read(Stream stream, String phase) {
        peers.barrier(stream, phase + " (end)");
    }

    private KernelArg table() {
        return KernelArg.peers(window);
    }

    @Override
    public void close() {
        window.close();
    }
}
