package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.SumKernels;

/** Launches the kernels of {@code collectives.cu}. A table has one pointer per rank. */
final class PeerKernels {
    private static final int BLOCK = 512;
    private static final int MAX_BLOCKS = 1056;
    /** Bytes of the widest access. */
    static final long VECTOR = 16;

    private final KernelModule kernels;

    PeerKernels(KernelModule kernels) {
        this.kernels = kernels;
    }

    /** Tells {@code peer} that rank {@code self}'s tensor is at {@code tensor}. */
    void publish(Stream stream, KernelArg peerSlots, int peer, int self, KernelArg tensor) {
        stream.launch(Launch.of(kernels.kernel("publish"), peerSlots, KernelArg.of(peer), KernelArg.of(self), tensor));
    }

    /** Copies {@code bytes} bytes of each rank p's tensor to part p of {@code out}. Parts begin {@code pitch} bytes apart. */
    void gather(Stream stream, KernelArg table, int ranks, KernelArg out, long bytes, long pitch) {
        if (bytes > 0) {
            stream.launch(Launch.of(kernels.kernel("all_gather"), table, out, KernelArg.of(bytes), KernelArg.of(pitch))
                    .withGrid(blocks(bytes / VECTOR), ranks).withBlock(BLOCK));
        }
    }

    /** Copies {@code bytes} bytes of rank {@code from}'s tensor, from {@code offset} on, to {@code out}. */
    void pull(Stream stream, KernelArg table, int from, long offset, KernelArg out, long bytes) {
        if (bytes > 0) {
            stream.launch(Launch.of(kernels.kernel("pull"), table, KernelArg.of(from), KernelArg.of(offset), out,
                    KernelArg.of(bytes)).withGrid(blocks(bytes / VECTOR), 1).withBlock(BLOCK));
        }
    }

    /** Sums the ranks' elements from {@code offset} on into {@code out}. */
    void reduce(Stream stream, KernelArg table, int ranks, DType from, Tensor out, long offset) {
        String kernel = SumKernels.ofTable(from, out.dtype());
        if (out.elements() > 0) {
            stream.launch(Launch.of(kernels.kernel(kernel), table, KernelArg.of(out), KernelArg.of(offset),
                    KernelArg.of(out.elements()), KernelArg.of(ranks)).withGrid(blocks(out.elements() / 8), 1)
                    .withBlock(BLOCK));
        }
    }

    /**
     * Sums the ranks' elements into {@code out}: this rank's are {@code own}, those of the others are in {@code received}, in rank order, {@code pitch}
     * elements apart. {@code received} may be at {@code out}.
     */
    void reduceReceived(Stream stream, Group group, KernelArg received, long pitch, Tensor own, Tensor out) {
        String kernel = SumKernels.ofReceived(own.dtype(), out.dtype());
        stream.launch(Launch.of(kernels.kernel(kernel), received, KernelArg.of(pitch), KernelArg.of(own),
                KernelArg.of(out), KernelArg.of(out.elements()), KernelArg.of(group.index()),
                KernelArg.of(group.size())).withGrid(blocks(out.elements() / 8), 1).withBlock(BLOCK));
    }

    private static int blocks(long items) {
        return (int) Math.max(1, Math.min(MAX_BLOCKS, Math.ceilDiv(items, (long) BLOCK)));
    }
}
