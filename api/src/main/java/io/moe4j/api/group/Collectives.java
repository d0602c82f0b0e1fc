package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * Collective operations of one group: every rank makes the same calls in the same order. All calls enqueue work, none waits. Tensors are contiguous.
 * Sums of floating-point numbers are in fp32, in rank order, rounded once, so that a result is the same on every rank and in every run.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Collectives extends AutoCloseable {

    /** The ranks. */
    Group group();

    /**
     * {@code out} (n·size elements) is the concatenation of the ranks' {@code in} (n elements each) in group order. {@code in} may be this rank's own
     * part of {@code out}.
     */
    void allGather(Stream stream, Tensor in, Tensor out);

    /**
     * {@code out} (n elements) is the sum over the ranks of part {@code index} of their {@code in} (n·size elements); types are F32
     * or BF16, and may differ between {@code in} and {@code out}.
     */
    void reduceScatter(Stream stream, Tensor in, Tensor out);

    /** Replaces {@code tensor} by the sum over the ranks; F32, BF16, I32 or I64. */
    void allReduce(Stream stream, Tensor tensor);

    /** Replaces {@code tensor} by the tensor of the group's rank {@code root}. */
    void broadcast(Stream stream, Tensor tensor, int root);

    /**
     * Sends {@code sendRows[p]} rows of {@code in}, the first ones to rank 0, to each rank {@code p}; rows that rank {@code p} sends arrive in
     * {@code out} in group order, {@code recvRows[p]} of them. Counts are in rows of the outermost dimension and known on the host;
     * {@code sendRows[p]} here equals {@code recvRows[this]} there.
     */
    void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows);

    @Override
    void close();
}
