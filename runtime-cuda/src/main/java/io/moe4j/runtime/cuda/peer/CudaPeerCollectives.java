package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;

/** Collectives of ranks that can access each other's memory, on the kernels of {@code collectives.cu}. */
final class CudaPeerCollectives implements Collectives {
    private final Group group;
    private final PeerGroup peers;
    private final StagedTensors staged;
    private final PeerReads reads;
    private final Optional<Stream> beside;
    private final Optional<PushedTensors> pushed;

    /**
     * Joins a group; every rank calls this.
     *
     * @param beside the rank's stream for communication: copies that are captured on it use the copy engines where possible
     */
    CudaPeerCollectives(CudaDevice device, Group group, Rendezvous rendezvous, Optional<Stream> beside) {
        this.group = group;
        this.beside = beside;
        CudaPeerGroup joined = new CudaPeerGroup(device, group, rendezvous);
        this.peers = joined;
        PeerKernels kernels = new PeerKernels(device.kernels());
        try {
            this.staged = new StagedTensors(joined, kernels, rendezvous);
            this.reads = joined.inOneProcess() ? new PublishedTensors(joined, kernels) : staged;
            this.pushed = joined.inOneProcess() && joined.haveDevicesOfTheirOwn()
                    ? Optional.of(new PushedTensors(joined, kernels, rendezvous, staged.window()))
                    : Optional.empty();
        } catch (RuntimeException | Error e) {
            joined.close();
            throw e;
        }
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        if (out.bytes() != in.bytes() * group.size() || !in.isContiguous() || !out.isContiguous()) {
            throw new DeviceException("all-gather of " + in + " over " + group.size() + " ranks into " + out
                    + ": out has size * n elements, and both are contiguous");
        }
        pushed(stream, in).ifPresentOrElse(pushes -> pushes.allGather(stream, in, out),
                () -> reads.allGather(stream, in, out));
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        if (in.elements() != out.elements() * group.size() || !in.isContiguous() || !out.isContiguous()) {
            throw new DeviceException("reduce-scatter of " + in + " over " + group.size() + " ranks into " + out
                    + ": in has size * n elements, and both are contiguous");
        }
        pushed(stream, in).filter(pushes -> in.dtype().isFloating()).ifPresentOrElse(
                pushes -> pushes.reduceScatter(stream, in, out),
                () -> reads.reduceScatter(stream, in, out));
    }

    /** Transfers by copy engines, for work that is captured on the stream for communication; empty otherwise. All ranks come to the same result. */
    private Optional<PushedTensors> pushed(Stream stream, Tensor tensor) {
        return pushed
                .filter(pushes -> stream.isCapturing() && beside.filter(stream::equals).isPresent()
                        && tensor.elements() > 0);
    }

    @Override
    public void allReduce(Stream stream, Tensor tensor) {
        requireContiguous("all-reduce", tensor);
        if (group.size() > 1) {
            staged.allReduce(stream, tensor);
        }
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        requireContiguous("broadcast", tensor);
        if (root < 0 || root >= group.size()) {
            throw new DeviceException("broadcast from rank " + root + " of group " + group.name() + ", which has "
                    + group.size() + " ranks; root is an index in the group, from 0");
        }
        if (group.size() > 1) {
            reads.broadcast(stream, tensor, root);
        }
    }

    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows) {
        long row = Tensor.bytes(in.dtype(), in.shape().stream().skip(1).mapToLong(Long::longValue).toArray());
        long sent = LongStream.of(sendRows).sum();
        long received = LongStream.of(recvRows).sum();
        if (sendRows.length != group.size() || recvRows.length != group.size() || sent > in.dim(0)
                || received > out.dim(0) || in.dtype() != out.dtype() || !in.isContiguous() || !out.isContiguous()) {
            throw new DeviceException(
                    "all-to-all of " + in + ", " + Arrays.toString(sendRows) + " rows to each rank, into "
                            + out + ", " + Arrays.toString(recvRows) + " rows from each: one count a rank of "
                            + group.size() + ", the sums at most the rows that there are, one type, contiguous");
        }
        reads.allToAllV(stream, in, bytes(sendRows, row), out, bytes(recvRows, row));
    }

    @Override
    public void close() {
        reads.close();
        staged.close();
        peers.close();
    }

    private static long[] bytes(long[] rows, long rowBytes) {
        return LongStream.of(rows).map(count -> count * rowBytes).toArray();
    }

    private static void requireContiguous(String operation, Tensor tensor) {
        if (!tensor.isContiguous()) {
            throw new DeviceException(operation + " of " + tensor + ": it must be contiguous");
        }
    }
}
