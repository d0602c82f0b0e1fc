package io.moe4j.comm.nccl;

import static org.bytedeco.cuda.global.nccl.ncclAllGather;
import static org.bytedeco.cuda.global.nccl.ncclBroadcast;
import static org.bytedeco.cuda.global.nccl.ncclGroupEnd;
import static org.bytedeco.cuda.global.nccl.ncclGroupStart;
import static org.bytedeco.cuda.global.nccl.ncclInProgress;
import static org.bytedeco.cuda.global.nccl.ncclInt8;
import static org.bytedeco.cuda.global.nccl.ncclRecv;
import static org.bytedeco.cuda.global.nccl.ncclSend;
import static org.bytedeco.cuda.global.nccl.ncclSuccess;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.nccl.ncclComm;

/**
 * Collectives for which NCCL only moves bytes; it does not add. Its own reductions sum along a ring or a tree, in the type of the elements. Their bits depend
 * on the number of ranks, the links and the algorithm that NCCL selects, and bf16 sums are rounded at every hop. Here each rank receives all ranks' values of
 * the elements that it owns, and adds them in rank order in fp32, rounded once, as the contract requires. A reduce-scatter sends the same number of bytes in
 * this way. The cost is scratch on each rank, for one piece of the values of all ranks.
 */
final class NcclCollectives implements Collectives {
    private static final long SMALL_BYTES = 1L << 20;

    private final Communicator communicator;
    private final Group group;
    private final RankOrderSum sum;

    NcclCollectives(CudaDevice device, Communicator communicator) {
        this.communicator = communicator;
        this.group = communicator.group();
        this.sum = new RankOrderSum(device, group.size());
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        NcclChecks.require(in.dtype() == out.dtype() && out.elements() == in.elements() * group.size(), "all-gather",
                group,
                "out has the type of in, and size * n elements", in, out);
        gather(stream, in, out);
    }

    private void gather(Stream stream, Tensor in, Tensor out) {
        if (in.bytes() == 0) {
            return;
        }
        communicator.call(stream, "all-gather",
                comm -> ncclAllGather(Address.of(in), Address.of(out), in.bytes(), ncclInt8,
                        comm, stream(stream)));
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        NcclChecks.require(in.dtype().isPlainFloating() && out.dtype().isPlainFloating()
                && in.elements() == out.elements() * group.size(), "reduce-scatter", group,
                "in has size * n elements, both of F32 or BF16", in, out);
        scatter(stream, in.view(group.size(), out.elements()), out.view(out.elements()));
    }

    /** Reduces and scatters piece by piece: a piece has as many elements of each part as the scratch holds. */
    private void scatter(Stream stream, Tensor in_Pn, Tensor out_n) {
        long n = out_n.elements();
        long piece = sum.capacity(in_Pn.dtype());
        for (long from = 0; from < n; from += piece) {
            long to = Math.min(n, from + piece);
            Tensor in_Pm = in_Pn.slice(1, from, to);
            exchange("reduce-scatter", stream, in_Pm.dim(1) * in_Pm.dtype().bytes(), in_Pm::select);
            sum.add(stream, in_Pm.dtype(), out_n.slice(0, from, to));
        }
    }

    /** Sends {@code bytes} bytes of a tensor to each rank, and receives as many from each into the parts of the scratch. */
    private void exchange(String what, Stream stream, long bytes, IntFunction<Tensor> toRank) {
        communicator.call(stream, what, comm -> together(() -> {
            int result = ncclSuccess;
            for (int p = 0; p < group.size() && isFine(result); p++) {
                result = send(comm, stream, toRank.apply(p).address(), bytes, p);
                if (isFine(result)) {
                    result = receive(comm, stream, sum.part(p), bytes, p);
                }
            }
            return result;
        }));
    }

    /**
     * For small tensors, and for the remaining elements if the number of ranks does not divide the number of elements, all ranks receive everything, and
     * each adds. For large tensors: a reduce-scatter, in which each rank writes its own part in place, then an all-gather.
     */
    @Override
    public void allReduce(Stream stream, Tensor tensor) {
        NcclChecks.require(true, "all-reduce", group, "it is contiguous", tensor, tensor);
        Tensor flat = tensor.view(tensor.elements());
        long parts = flat.bytes() > SMALL_BYTES ? flat.elements() / group.size() * group.size() : 0;
        if (parts > 0) {
            Tensor in_Pn = flat.slice(0, 0, parts).view(group.size(), parts / group.size());
            Tensor own = in_Pn.select(group.index());
            scatter(stream, in_Pn, own);
            gather(stream, own, in_Pn);
        }
        long piece = sum.capacity(tensor.dtype());
        for (long from = parts; from < flat.elements(); from += piece) {
            Tensor rest = flat.slice(0, from, Math.min(flat.elements(), from + piece));
            exchange("all-reduce", stream, rest.bytes(), p -> rest);
            sum.add(stream, rest.dtype(), rest);
        }
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        NcclChecks.require(root >= 0 && root < group.size(), "broadcast from " + root, group,
                "the root is an index of the group, and the tensor contiguous", tensor, tensor);
        if (tensor.bytes() == 0) {
            return;
        }
        communicator.call(stream, "broadcast",
                comm -> ncclBroadcast(Address.of(tensor), Address.of(tensor), tensor.bytes(),
                        ncclInt8, root, comm, stream(stream)));
    }

    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows) {
        NcclChecks.requireRows(group, in, sendRows, "sends");
        NcclChecks.requireRows(group, out, recvRows, "receives");
        long sendRow = NcclChecks.rowBytes(in);
        long recvRow = NcclChecks.rowBytes(out);
        communicator.call(stream, "all-to-all-v", comm -> together(() -> {
            long sent = 0;
            long received = 0;
            int result = ncclSuccess;
            for (int p = 0; p < group.size() && isFine(result); p++) {
                result = send(comm, stream, in.address() + sent * sendRow, sendRows[p] * sendRow, p);
                if (isFine(result)) {
                    result = receive(comm, stream, out.address() + received * recvRow, recvRows[p] * recvRow, p);
                }
                sent += sendRows[p];
                received += recvRows[p];
            }
            return result;
        }));
    }

    private static int send(ncclComm comm, Stream stream, long address, long bytes, int peer) {
        return bytes == 0 ? ncclSuccess : ncclSend(Address.at(address), bytes, ncclInt8, peer, comm, stream(stream));
    }

    private static int receive(ncclComm comm, Stream stream, long address, long bytes, int peer) {
        return bytes == 0 ? ncclSuccess : ncclRecv(Address.at(address), bytes, ncclInt8, peer, comm, stream(stream));
    }

    /** Makes the calls in one NCCL group. The group is ended even if a call fails; returns the first error. */
    private static int together(IntSupplier calls) {
        int started = ncclGroupStart();
        if (started != ncclSuccess) {
            return started;
        }
        int result = calls.getAsInt();
        int ended = ncclGroupEnd();
        return isFine(result) ? ended : result;
    }

    private static boolean isFine(int result) {
        return result == ncclSuccess || result == ncclInProgress;
    }

    private static CUstream_st stream(Stream stream) {
        return new CUstream_st(Address.at(((CudaStream) stream).handle().address()));
    }

    @Override
    public void close() {
        communicator.close();
        sum.close();
    }
}
