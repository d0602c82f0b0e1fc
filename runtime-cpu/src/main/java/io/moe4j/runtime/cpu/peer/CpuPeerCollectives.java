package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.CorePool;
import java.util.stream.LongStream;

/**
 * Collectives over peer memory: each rank exposes its data to the others, and reads what it needs from theirs. Each collective is one command, so it
 * can be captured.
 */
final class CpuPeerCollectives implements Collectives {
    /** Bytes, for each rank of the group, that a rank exposes to other processes at a time. */
    private static final long STAGE_BYTES = 4L << 20;
    /**
     * Bytes, for each rank of the group, up to which threads of one process copy a tensor rather than reduce it in place, which takes two exchanges.
     */
    private static final long SMALL_STAGE_BYTES = 64L << 10;

    private final Group group;
    private final CpuPeerGroup peers;
    private final SymmetricMemory board;
    private final SymmetricMemory stage;
    private final Exchange exchange;
    private final Exchange copies;
    private final RankSums sums;

    CpuPeerCollectives(CpuPeerGroup peers) {
        this.group = peers.group();
        this.peers = peers;
        this.sums = new RankSums(peers.machine().pool());
        this.board = peers.allocate((long) group.size() * Long.BYTES, "collectives");
        this.stage = peers.allocate(stageBytes(peers.isOneProcess()) * group.size(), "collectives");
        this.copies = new StagedExchange(peers, board, stage);
        this.exchange = peers.isOneProcess() ? new DirectExchange(peers, board) : copies;
    }

    /** Bytes that the collectives allocate, besides those of the peer group. */
    static long deviceBytes(int ranks, boolean oneProcess) {
        return ranks * (Long.BYTES + stageBytes(oneProcess));
    }

    private static long stageBytes(boolean oneProcess) {
        return oneProcess ? SMALL_STAGE_BYTES : STAGE_BYTES;
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        if (out.elements() != in.elements() * group.size() || in.dtype() != out.dtype()) {
            throw new DeviceException("all-gather of " + in + " over " + group.size() + " ranks into " + out
                    + ": out has size * n elements of the same type");
        }
        long n = in.bytes();
        submit(stream, "all-gather",
                () -> exchange.run("all-gather", Exchange.Offer.of(in.address(), 1, n), (from, to, view) -> {
                    for (int p = 0; p < group.size(); p++) {
                        pull(view.address(p, 0), out.address() + p * n + from, Math.min(n, to) - from);
                    }
                }), in, out);
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        if (in.elements() != out.elements() * group.size() || !in.dtype().isPlainFloating()
                || !out.dtype().isPlainFloating()) {
            throw new DeviceException("reduce-scatter of " + in + " over " + group.size() + " ranks into " + out
                    + ": in has size * n elements, and both are F32 or BF16");
        }
        long n = in.bytes() / group.size();
        submit(stream, "reduce-scatter",
                () -> exchange.run("reduce-scatter", Exchange.Offer.of(in.address(), group.size(), n),
                        (from, to, view) -> {
                            long first = from / in.dtype().bytes();
                            long count = (Math.min(n, to) - from) / in.dtype().bytes();
                            sums.sum(in.dtype(), addresses(view, group.index(), 0), out.dtype(),
                                    out.address() + first * out.dtype().bytes(), count);
                        }),
                in, out);
    }

    @Override
    public void allReduce(Stream stream, Tensor tensor) {
        long n = tensor.bytes();
        boolean small = !exchange.isInPlace() || n <= StagedExchange.part(stage.local().bytes(), 1);
        submit(stream, "all-reduce", small ? () -> reduceCopies(tensor) : () -> reduceInPlace(tensor), tensor);
    }

    /** Every rank sums all elements of all ranks. */
    private void reduceCopies(Tensor tensor) {
        DType type = tensor.dtype();
        copies.run("all-reduce", Exchange.Offer.of(tensor.address(), 1, tensor.bytes()),
                (from, to, view) -> sums.sum(type, addresses(view, 0, 0), type, tensor.address() + from,
                        (Math.min(tensor.bytes(), to) - from) / type.bytes()));
    }

    /** Each rank sums its own part, and reads only this part of the others' tensors; then all ranks gather the parts. */
    private void reduceInPlace(Tensor tensor) {
        DType type = tensor.dtype();
        Exchange.Offer whole = Exchange.Offer.of(tensor.address(), 1, tensor.bytes());
        long own = start(tensor, group.index());
        exchange.run("all-reduce, sums", whole, (from, to, view) -> sums.sum(type,
                addresses(view, 0, own * type.bytes()), type, tensor.address() + own * type.bytes(),
                start(tensor, group.index() + 1) - own));
        exchange.run("all-reduce, gathering", whole, (from, to, view) -> {
            for (int p = 0; p < group.size(); p++) {
                long at = start(tensor, p) * type.bytes();
                pull(view.address(p, 0) + at, tensor.address() + at, start(tensor, p + 1) * type.bytes() - at);
            }
        });
    }

    private long start(Tensor tensor, int part) {
        return Math.min(tensor.elements(), Math.ceilDiv(tensor.elements(), (long) group.size()) * part);
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        if (root < 0 || root >= group.size()) {
            throw new DeviceException("broadcast from rank " + root + " of a group of " + group.size()
                    + "; the root is a position in the group");
        }
        long n = tensor.bytes();
        submit(stream, "broadcast",
                () -> exchange.run("broadcast", Exchange.Offer.of(tensor.address(), 1, n),
                        (from, to, view) -> pull(view.address(root, 0), tensor.address() + from,
                                Math.min(n, to) - from)),
                tensor);
    }

    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows) {
        int size = group.size();
        long rowBytes = rowBytes(in);
        if (sendRows.length != size || recvRows.length != size || LongStream.of(sendRows).sum() > in.dim(0)
                || LongStream.of(recvRows).sum() > out.dim(0) || rowBytes(out) != rowBytes
                || in.dtype() != out.dtype()) {
            throw new DeviceException("all-to-all over " + size + " ranks sends "
                    + LongStream.of(sendRows).boxed().toList()
                    + " rows of " + in + " and receives " + LongStream.of(recvRows).boxed().toList() + " rows of " + out
                    + ": there is a count for each rank, the rows fit, and have the same size");
        }
        long[] from = starts(in, sendRows, rowBytes);
        long[] to = starts(out, recvRows, rowBytes);
        long[] sizes = LongStream.of(sendRows).map(rows -> rows * rowBytes).toArray();
        long[] wanted = LongStream.of(recvRows).map(rows -> rows * rowBytes).toArray();
        submit(stream, "all-to-all",
                () -> exchange.run("all-to-all", new Exchange.Offer(from, sizes), (first, end, view) -> {
                    for (int p = 0; p < size; p++) {
                        pull(view.address(p, group.index()), to[p] + first, Math.min(wanted[p], end) - first);
                    }
                }), in, out);
    }

    private static long rowBytes(Tensor tensor) {
        return tensor.dim(0) == 0 ? tensor.dtype().bytes() * tensor.shape().stream().skip(1).reduce(1L, (a, b) -> a * b)
                : tensor.bytes() / tensor.dim(0);
    }

    private static long[] starts(Tensor tensor, long[] rows, long rowBytes) {
        long[] starts = new long[rows.length];
        long at = tensor.address();
        for (int i = 0; i < rows.length; i++) {
            starts[i] = at;
            at += rows[i] * rowBytes;
        }
        return starts;
    }

    private long[] addresses(Exchange.View view, int segment, long offset) {
        long[] addresses = new long[group.size()];
        for (int p = 0; p < addresses.length; p++) {
            addresses[p] = view.address(p, segment) + offset;
        }
        return addresses;
    }

    private void pull(long source, long destination, long bytes) {
        if (bytes > 0 && source != destination) {
            CorePool pool = peers.machine().pool();
            pool.parallelFor(bytes, STAGE_BYTES / 16,
                    (from, to) -> Addresses.copy(source + from, destination + from, to - from));
        }
    }

    private void submit(Stream stream, String name, Runnable work, Tensor... touched) {
        for (Tensor tensor : touched) {
            if (!tensor.isContiguous()) {
                throw new DeviceException(name + " of " + tensor + ": it must be contiguous; copy it first");
            }
        }
        peers.machine().submit(stream, name, work, touched);
    }

    @Override
    public void close() {
        stage.close();
        board.close();
        peers.close();
    }
}
