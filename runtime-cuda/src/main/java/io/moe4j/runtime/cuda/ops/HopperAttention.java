package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.ops.HopperAttentionMemory.Round;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Attention on the tensor cores of GPUs of the Hopper generation, within documents or over whole sequences: {@code attention_forward_sm90.cu} and
 * the kernels that {@code attention_backward_sm90.cuh} lists. It takes bf16 heads of 192 or 128 elements with values of 128.
 */
final class HopperAttention {
    private static final String FORWARD = "attention_forward_sm90_";
    private static final int ELEMENTS_OF_VECTOR = 8;
    private static final long VECTOR_BYTES = 16;
    /** Rows of a box of a tensor map: for a block of queries or keys, and (below) for a tile. */
    private static final int BLOCK = HopperAttentionMemory.BLOCK;

    private static final int TILE = HopperAttentionMemory.TILE;
    private static final int THREADS = 384;
    private static final int THREADS_OF_KEYS = 256;
    /** Lanes that read a row in {@code attention_rows_sm90_128}. */
    private static final int LANES_OF_ROW = 16;
    /** Barriers and alignment. */
    private static final int EXTRA_BYTES = 2048;

    private final Kernels kernels;
    private final boolean present;

    HopperAttention(Kernels kernels) {
        this.kernels = kernels;
        this.present = kernels.has(FORWARD + "192x128");
    }

    /** Enqueues it and returns true, or returns false if it is not for these kernels. */
    boolean forward(Stream stream, Forward a) {
        if (!fits(a, a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV()) || a.workspace().isEmpty()) {
            return false;
        }
        AttentionShape s = a.shape();
        Tensor counter = HopperAttentionMemory.counters(a.workspace().get(), 0, 1);
        stream.fill(counter, 0);
        List<KernelArg> arguments = new ArrayList<>(List.of(map(a.q_BSHQ(), BLOCK), map(a.k_BSHQ(), BLOCK),
                map(a.v_BSHV(), BLOCK), of(a.o_BSHV()), of(a.lse_BHS())));
        addProblem(arguments, a);
        arguments.add(of(counter));
        int tiles = BLOCK * bytes(s.queryKeyDim()) + 2 * BLOCK * bytes(s.queryKeyDim() + s.valueDim());
        launch(stream, FORWARD + dims(s), THREADS, tiles, arguments);
        return true;
    }

    /** Enqueues it and returns true, or returns false if it is not for these kernels. */
    boolean backward(Stream stream, Backward b) {
        Forward a = b.forward();
        if (!fits(a, a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV(), b.do_BSHV(), b.dq_BSHQ(), b.dk_BSHQ(),
                b.dv_BSHV()) || b.workspace().filter(w -> w.bytes() >= HopperAttentionMemory.leastBytes(a.shape()))
                        .isEmpty()) {
            return false;
        }
        requireAligned(b.workspace().get());
        HopperAttentionMemory memory = new HopperAttentionMemory(a.shape(), b.workspace().get());
        rows(stream, b, memory);
        Optional<List<Round>> rounds = memory.rounds();
        if (rounds.isEmpty()) {
            Round all = memory.all();
            keys(stream, b, memory, all, KernelArg.absent());
            queriesAnew(stream, b, memory, all);
        } else {
            for (Round round : rounds.get()) {
                keys(stream, b, memory, round, of(memory.scores()));
                queries(stream, b, memory, round);
            }
        }
        return true;
    }

    /** Parts of the workspace are copied in vectors of 16 bytes. */
    private static void requireAligned(Tensor workspace) {
        if (workspace.address() % VECTOR_BYTES != 0) {
            throw new DeviceException("the workspace of the attention's gradient begins at address "
                    + Long.toHexString(workspace.address()) + " (hex), which is not a multiple of " + VECTOR_BYTES
                    + "; give it memory of its own, or a part at such an offset");
        }
    }

    private void rows(Stream stream, Backward b, HopperAttentionMemory memory) {
        Forward a = b.forward();
        AttentionShape s = a.shape();
        kernels.each(stream, "attention_rows_sm90_128",
                LANES_OF_ROW * s.batch() * s.heads() * BLOCK * HopperAttentionMemory.blocks(s), of(a.o_BSHV()),
                of(b.do_BSHV()), of(a.lse_BHS()), starts(a), of(memory.rows()), ofInt(s.batch()),
                ofInt(s.sequence()), ofInt(s.heads()), of(memory.counters()), ofInt(memory.counters().elements()));
    }

    private void keys(Stream stream, Backward b, HopperAttentionMemory memory, Round round, KernelArg scores) {
        Forward a = b.forward();
        AttentionShape s = a.shape();
        List<KernelArg> arguments = new ArrayList<>(List.of(map(a.q_BSHQ(), TILE), map(a.k_BSHQ(), BLOCK),
                map(a.v_BSHV(), BLOCK), map(b.do_BSHV(), TILE), of(memory.rows()), of(b.dk_BSHQ()), of(b.dv_BSHV()),
                scores));
        addProblem(arguments, a);
        arguments.addAll(List.of(ofInt(round.firstKeyHead()), ofInt(round.keyHeads())));
        addStrides(arguments, b.dk_BSHQ());
        addStrides(arguments, b.dv_BSHV());
        arguments.add(of(round.counterOfKeys()));
        int rowBytes = bytes(s.queryKeyDim() + s.valueDim());
        int stages = 3 * (TILE * rowBytes + HopperAttentionMemory.ROW_VALUES_OF_TILE);
        launch(stream, "attention_keys_sm90_" + dims(s), THREADS_OF_KEYS, BLOCK * rowBytes + stages, arguments);
    }

    private void queries(Stream stream, Backward b, HopperAttentionMemory memory, Round round) {
        Forward a = b.forward();
        AttentionShape s = a.shape();
        List<KernelArg> arguments = new ArrayList<>(List.of(map(a.k_BSHQ(), TILE), of(memory.scores()),
                of(b.dq_BSHQ())));
        addProblem(arguments, a);
        arguments.addAll(List.of(ofInt(round.firstKeyHead() * s.queriesPerKey()),
                ofInt(round.keyHeads() * s.queriesPerKey())));
        addStrides(arguments, b.dq_BSHQ());
        arguments.add(of(round.counterOfQueries()));
        int stages = 3 * (TILE * bytes(s.queryKeyDim()) + 2 * BLOCK * bytes(TILE));
        launch(stream, "attention_queries_sm90_" + s.queryKeyDim(), THREADS, stages, arguments);
    }

    private void queriesAnew(Stream stream, Backward b, HopperAttentionMemory memory, Round all) {
        Forward a = b.forward();
        AttentionShape s = a.shape();
        List<KernelArg> arguments = new ArrayList<>(List.of(map(a.q_BSHQ(), BLOCK), map(a.k_BSHQ(), TILE),
                map(a.v_BSHV(), TILE), map(b.do_BSHV(), BLOCK), of(memory.rows()), of(b.dq_BSHQ())));
        addProblem(arguments, a);
        addStrides(arguments, b.dq_BSHQ());
        arguments.add(of(all.counterOfQueries()));
        int rowBytes = bytes(s.queryKeyDim() + s.valueDim());
        launch(stream, "attention_queries_anew_sm90_" + dims(s), THREADS, BLOCK * rowBytes + 3 * TILE * rowBytes,
                arguments);
    }

    /** Launches one block of threads for each multiprocessor. Besides the tiles, it has 2 KiB of shared memory for each of 8 warps, to store results. */
    private void launch(Stream stream, String kernel, int threads, int tileBytes, List<KernelArg> arguments) {
        kernels.everyMultiprocessor(stream, kernel, threads, tileBytes + (16 << 10) + EXTRA_BYTES,
                arguments.toArray(KernelArg[]::new));
    }

    private boolean fits(Forward a, Tensor... tensors) {
        return present && HopperAttentionMemory.mayUse(a.shape()) && a.scale() > 0
                && Kernels.vectors(ELEMENTS_OF_VECTOR, tensors);
    }

    /** A tensor (B, S, H, n) as B stacks of H matrices (S, n). The stride of an extent of 1 may be anything, but the driver checks it, so it is replaced. */
    private static KernelArg map(Tensor t, int boxRows) {
        long any = t.dim(3);
        return new KernelArg.TensorMap(t.strided(new long[] {t.dim(0), t.dim(2), t.dim(1), t.dim(3)},
                new long[] {t.dim(0) == 1 ? any : t.stride(0), t.dim(2) == 1 ? any : t.stride(2),
                        t.dim(1) == 1 ? any : t.stride(1), 1}),
                boxRows);
    }

    private static void addProblem(List<KernelArg> arguments, Forward a) {
        AttentionShape s = a.shape();
        arguments.addAll(List.of(starts(a), of(a.scale()), ofInt(s.batch()), ofInt(s.sequence()), ofInt(s.heads()),
                ofInt(s.queriesPerKey())));
    }

    private static KernelArg starts(Forward a) {
        return a.starts_BS().map(Kernels::of).orElse(KernelArg.absent());
    }

    private static void addStrides(List<KernelArg> arguments, Tensor tensor) {
        arguments.addAll(List.of(of(tensor.stride(0)), of(tensor.stride(1)), of(tensor.stride(2))));
    }

    private static String dims(AttentionShape s) {
        return s.queryKeyDim() + "x" + s.valueDim();
    }

    private static int bytes(long elements) {
        return Math.toIntExact(elements * DType.BF16.bytes());
    }
}
