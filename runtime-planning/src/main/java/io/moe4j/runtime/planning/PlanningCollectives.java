package io.moe4j.runtime.planning;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Collectives that check extents and count the bytes that would be sent if each rank fetched what it needs from every other rank.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class PlanningCollectives implements Collectives {
    private final Group group;
    private final PlanningDevice.HeldMemory own;
    private final Optional<WorkMeter> work;
    private long gathered;
    private long scattered;
    private long reduced;
    private long other;

    /**
     * For one rank of {@code group}, on its main stream.
     *
     * @param memory bytes that they hold on the device, by purpose; freed when they close
     */
    public PlanningCollectives(Group group, PlanningDevice device, Map<String, Long> memory) {
        this(group, device, memory, false);
    }

    /**
     * For one rank of {@code group}.
     *
     * @param memory bytes that they hold on the device, by purpose; freed when they close
     * @param isBeside whether they run while the main stream computes, so that what crosses links costs no time
     */
    public PlanningCollectives(Group group, PlanningDevice device, Map<String, Long> memory, boolean isBeside) {
        this.group = group;
        this.own = device.own(memory);
        this.work = isBeside ? Optional.empty() : Optional.of(device.work());
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void allGather(Stream stream, Tensor in, Tensor out) {
        touch("all-gather", in, out);
        PlanningChecks.that(out.elements() == in.elements() * group.size() && in.dtype() == out.dtype(), "all-gather",
                "out has " + group.size() + " times the elements of in", in, out);
        long bytes = in.bytes() * others();
        gathered += bytes;
        work.ifPresent(meter -> meter.receive(bytes));
    }

    @Override
    public void reduceScatter(Stream stream, Tensor in, Tensor out) {
        touch("reduce-scatter", in, out);
        PlanningChecks.that(in.elements() == out.elements() * group.size(), "reduce-scatter",
                "in has " + group.size() + " times the elements of out", in, out);
        long bytes = in.bytes() / group.size() * others();
        scattered += bytes;
        work.ifPresent(meter -> meter.receive(bytes));
    }

    @Override
    public void allReduce(Stream stream, Tensor tensor) {
        touch("all-reduce", tensor);
        reduced += tensor.bytes() * others();
    }

    @Override
    public void broadcast(Stream stream, Tensor tensor, int root) {
        touch("broadcast", tensor);
        other += group.index() == root ? tensor.bytes() * others() : 0;
    }

    @Override
    public void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows) {
        touch("all-to-all", in, out);
        PlanningChecks.that(
                sendRows.length == group.size() && recvRows.length == group.size()
                        && in.dim(0) == LongStream.of(sendRows).sum()
                        && out.dim(0) == LongStream.of(recvRows).sum(),
                "all-to-all", "counts are one for each rank and add up to the rows", in, out);
        long rows = LongStream.of(sendRows).sum() - sendRows[group.index()];
        other += rows == 0 ? 0 : in.bytes() / in.dim(0) * rows;
    }

    /** Bytes that this rank would have sent to others since it was opened, in all operations. */
    public long bytesSent() {
        return gathered + scattered + reduced + other;
    }

    /** Bytes sent in all-gathers. */
    public long gatheredBytes() {
        return gathered;
    }

    /** Bytes sent in reduce-scatters. */
    public long scatteredBytes() {
        return scattered;
    }

    /** Bytes sent in all-reduces. */
    public long reducedBytes() {
        return reduced;
    }

    @Override
    public void close() {
        own.close();
    }

    private long others() {
        return group.size() - 1L;
    }

    private static void touch(String operation, Tensor... tensors) {
        PlanningChecks.live(operation, tensors);
        for (Tensor tensor : tensors) {
            PlanningChecks.that(tensor.isContiguous(), operation, "tensors are contiguous", tensor);
        }
    }
}
