package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.CudaStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Dense products of operands with scales, on the kernels of {@code matmul_f8.cu}. The fast kernels need a GPU of the Hopper generation, numbers that are
 * dense along the inner dimension, a scale of a for each 128 terms of a row, and a scale of b for each 128 terms of one row or of 128 rows. Other products
 * use a readable kernel that computes one element per thread.
 */
final class ScaledMatmul {
    private static final String ROWS = "matmul_rows_f8_e4m3";
    private static final String COLUMNS = "matmul_columns_f8_e4m3";
    private static final String HOPPER = "_sm90";
    private static final long ALIGNMENT = 16;
    private static final int THREADS = 384;
    /** 192 KiB of stages, 16 KiB for storing results, and 8 KiB for scales, barriers and alignment. */
    private static final int SHARED_BYTES = (192 + 16 + 8) << 10;
    /** Rows of a box that a bulk copy fetches, and rows and columns of a small tile of the result. */
    private static final int TILE = 128;
    /** Rows of a large tile, in products whose b has scales for single rows. */
    private static final int LARGE_TILE = 256;
    /** The time of a large tile relative to a small one. With many tiles, large ones reach 855 TFLOP/s and small ones 775. */
    private static final double LARGE_TILE_TIME = 1.8;

    private final Kernels kernels;
    private final boolean present;

    ScaledMatmul(Kernels kernels) {
        this.kernels = kernels;
        this.present = kernels.has(ROWS + Kernels.suffix(DType.BF16) + HOPPER);
    }

    /** Whether the fast kernels exist for this GPU. */
    boolean present() {
        return present;
    }

    void matmul(Stream stream, Matmul x) {
        Kernels.require(present && x.a().dtype() == x.b().dtype() && x.c().dtype().isPlainFloating(), "matmul", x.a(),
                x.b(), x.c());
        ScaledOperand storedA = ScaledOperand.of(x.a());
        ScaledOperand storedB = ScaledOperand.of(x.b());
        ScaledOperand a = x.transposeA() ? storedA.transposed() : storedA;
        ScaledOperand b = x.transposeB() ? storedB : storedB.transposed();
        if (x.k() > 0 && fits(x, a, b)) {
            if (b.outerBlock() == Scales.BLOCK) {
                rows(stream, x, a, b);
                return;
            }
            if (copiesScales(a, x.m()) && copiesScales(b, x.n())) {
                columns(stream, x, a, b);
                return;
            }
        }
        readable(stream, x, a, b);
    }

    private static boolean fits(Matmul x, ScaledOperand a, ScaledOperand b) {
        Tensor c = x.c();
        return fetches(a) && fetches(b) && a.outerBlock() == 1
                && (b.outerBlock() == 1 || b.outerBlock() == Scales.BLOCK)
                && x.alpha() == 1 && (x.beta() == 0 || x.beta() == 1) && c.address() % ALIGNMENT == 0
                && c.stride(1) == 1 && c.stride(0) * c.dtype().bytes() % ALIGNMENT == 0
                && Math.max(Math.max(x.m(), x.n()), x.k()) <= Integer.MAX_VALUE / 2 && counted(x.a()) && counted(x.b());
    }

    /** Whether bulk copies can fetch the numbers: dense along the sums, in rows that start at multiples of 16 bytes. */
    private static boolean fetches(ScaledOperand operand) {
        return operand.innerStride() == 1 && operand.outerStride() > 0 && operand.outerStride() % ALIGNMENT == 0
                && operand.numbers() % ALIGNMENT == 0 && operand.innerBlock() == Scales.BLOCK;
    }

    /** Whether bulk copies can fetch the scales of neighbouring rows. */
    private static boolean copiesScales(ScaledOperand operand, long rows) {
        return operand.outerScales() == Float.BYTES && operand.innerScales() % ALIGNMENT == 0
                && operand.scales() % ALIGNMENT == 0 && rows * Float.BYTES % ALIGNMENT == 0;
    }

    /** Whether an int can count the scales. */
    private static boolean counted(Tensor operand) {
        Tensor scales = scales(operand);
        return scales.dim(0) * scales.stride(0) + scales.dim(1) * scales.stride(1) <= Integer.MAX_VALUE;
    }

    private void rows(Stream stream, Matmul x, ScaledOperand a, ScaledOperand b) {
        hopper(stream, ROWS, "", x, List.of(
                new KernelArg.TensorMap(matrix(x.a(), a, x.m(), x.k()), TILE),
                new KernelArg.TensorMap(matrix(x.b(), b, x.n(), x.k()).strided(new long[] {1, x.n(), x.k()},
                        new long[] {x.n() * b.outerStride(), b.outerStride(), 1}), TILE),
                ofInt(x.m()), ofInt(x.n()), ofInt(x.k()), of(scales(x.a())), floats(a.outerScales()),
                floats(a.innerScales()),
                of(scales(x.b())), floats(b.outerScales()), floats(b.innerScales())));
    }

    private void columns(Stream stream, Matmul x, ScaledOperand a, ScaledOperand b) {
        int rows = tileRows(x.m(), x.n(), usable(stream));
        hopper(stream, COLUMNS, "_" + rows, x, List.of(
                new KernelArg.TensorMap(matrix(x.a(), a, x.m(), x.k()), rows),
                new KernelArg.TensorMap(matrix(x.b(), b, x.n(), x.k()), TILE), ofInt(x.m()), ofInt(x.n()),
                ofInt(x.k()), of(scales(x.a())), floats(a.outerScales()), floats(a.innerScales()), of(scales(x.b())),
                floats(b.innerScales())));
    }

    /**
     * Rows of the tiles of an (m, n) result that need less time if each multiprocessor computes one tile at a time. For example, (3072, 2048) has 192 large
     * tiles: 132 multiprocessors need two rounds, a time of 2 · 1.8 = 3.6. Or it has 384 small ones: three rounds, a time of 3. Both give the same bits.
     */
    private static int tileRows(long m, long n, long multiprocessors) {
        long large = Math.ceilDiv(Math.ceilDiv(m, LARGE_TILE) * Math.ceilDiv(n, TILE), multiprocessors);
        long small = Math.ceilDiv(Math.ceilDiv(m, TILE) * Math.ceilDiv(n, TILE), multiprocessors);
        return large * LARGE_TILE_TIME <= small ? LARGE_TILE : TILE;
    }

    private void hopper(Stream stream, String kernel, String variant, Matmul x, List<KernelArg> operands) {
        List<KernelArg> arguments = new ArrayList<>(operands);
        arguments.addAll(List.of(of(x.c()), of(x.c().stride(0)), Kernels.flag(x.beta() == 1)));
        kernels.onMultiprocessors(usable(stream), stream, kernel + Kernels.suffix(x.c()) + HOPPER + variant, THREADS,
                SHARED_BYTES, arguments.toArray(KernelArg[]::new));
    }

    /** The multiprocessors that no exchange occupies. A block needs a whole multiprocessor, so a block in excess would begin only after the exchange. */
    private static int usable(Stream stream) {
        return ((CudaStream) stream).usableMultiprocessors();
    }

    private void readable(Stream stream, Matmul x, ScaledOperand a, ScaledOperand b) {
        List<KernelArg> arguments = new ArrayList<>();
        add(arguments, x.a(), a);
        add(arguments, x.b(), b);
        arguments.addAll(List.of(of(x.c()), of(x.c().stride(0)), of(x.m()), of(x.n()), of(x.k()), of(x.alpha()),
                of(x.beta())));
        kernels.each(stream, "matmul_f8_e4m3" + Kernels.suffix(x.c()), x.m() * x.n(),
                arguments.toArray(KernelArg[]::new));
    }

    private static void add(List<KernelArg> arguments, Tensor tensor, ScaledOperand operand) {
        arguments.addAll(List.of(of(tensor.withScales(Optional.empty())), of(operand.outerStride()),
                of(operand.innerStride()), of(scales(tensor)), of(operand.outerScales() / Float.BYTES),
                of(operand.innerScales() / Float.BYTES), of(operand.outerBlock()), of(operand.innerBlock())));
    }

    private static Tensor matrix(Tensor operand, ScaledOperand as, long outer, long inner) {
        return operand.withScales(Optional.empty()).strided(new long[] {outer, inner},
                new long[] {as.outerStride(), 1});
    }

    private static Tensor scales(Tensor operand) {
        return operand.scales().orElseThrow().values();
    }

    private static KernelArg floats(long bytes) {
        return ofInt(bytes / Float.BYTES);
    }
}
