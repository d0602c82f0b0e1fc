package io.moe4j.comm.nccl;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.SumKernels;
import java.lang.foreign.MemorySegment;

/**
 * Sums the parts that the ranks sent, in rank order. Layout of the scratch, for P ranks:
 *
 * <pre>
 * part 0 | part 1 | … | part P-1        each {@code stride} bytes, a multiple of 256
 * </pre>
 *
 * A kernel of the device reads the parts through a table of their addresses. Sums over peer memory use the same kernel, so the bits are the same.
 */
final class RankOrderSum implements AutoCloseable {
    private static final long SCRATCH_BYTES = 64L << 20;
    private static final int ALIGNMENT = 256;
    private static final int BLOCK = 512;
    private static final int MAX_BLOCKS = 528;

    private final CudaDevice device;
    private final int ranks;
    private final long stride;
    private final Memory scratch;
    private final Memory table;

    RankOrderSum(CudaDevice device, int ranks) {
        this.device = device;
        this.ranks = ranks;
        this.stride = SCRATCH_BYTES / ranks / ALIGNMENT * ALIGNMENT;
        this.scratch = device.allocate(SCRATCH_BYTES, "collectives");
        try {
            this.table = device.allocate((long) ranks * Long.BYTES, "collectives");
            writeTable();
        } catch (RuntimeException e) {
            scratch.close();
            throw e;
        }
    }

    /** Bytes that it allocates on the device. */
    static long deviceBytes(int ranks) {
        return SCRATCH_BYTES + (long) ranks * Long.BYTES;
    }

    private void writeTable() {
        long[] addresses = new long[ranks];
        for (int p = 0; p < ranks; p++) {
            addresses[p] = part(p);
        }
        try (Stream stream = device.openStream("rank-order sum")) {
            stream.upload(MemorySegment.ofArray(addresses), parts());
        }
    }

    /** How many elements a part holds. */
    long capacity(DType dtype) {
        return stride / dtype.bytes();
    }

    /** Address of the part that receives the data of rank {@code index} of the group. */
    long part(int index) {
        return scratch.address() + index * stride;
    }

    /** Enqueues out[i] = Σ_p part p[i], of type {@code from}. */
    void add(Stream stream, DType from, Tensor out_n) {
        String kernel = SumKernels.ofTable(from, out_n.dtype());
        long blocks = Math.clamp(Math.ceilDiv(out_n.elements(), (long) BLOCK), 1, MAX_BLOCKS);
        stream.launch(Launch
                .of(device.kernels().kernel(kernel), KernelArg.of(parts()), KernelArg.of(out_n), KernelArg.of(0L),
                        KernelArg.of(out_n.elements()), KernelArg.of(ranks))
                .withGrid((int) blocks, 1).withBlock(BLOCK));
    }

    private Tensor parts() {
        return Tensor.of(table, 0, DType.I64, ranks);
    }

    @Override
    public void close() {
        table.close();
        scratch.close();
    }
}
