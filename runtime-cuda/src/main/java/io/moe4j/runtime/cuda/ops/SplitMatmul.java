package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.WidenedMatmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * A product of an F32 and a BF16 matrix on tensor cores, which multiply BF16 numbers and sum in fp32. The F32 matrix is split into three BF16 matrices
 * that add up to it exactly: 3 · 8 significant bits are 24. Products of two numbers are then exact too, and only sums are rounded. A sum has three times as
 * many terms, but the sum of their magnitudes stays the same, because the pieces of a number have the same sign. So the error bound is at most three times
 * that of a product in fp32; the second and third pieces are 2⁸ and 2¹⁶ times smaller, so they hardly add to the error. If b has an infinity, the result
 * may be NaN: 0 · ∞.
 *
 * <p>If a is not transposed, the three pieces lie side by side, and b is repeated three times vertically: [a₂ a₁ a₀] · [b; b; b] is one product with 3k terms.
 * If a is transposed, one product gives three partial results, stacked vertically, which are then summed: b, which is long in this case, is read only once.
 *
 * <p>Example: the gradients of a gate, T = 16384, D = 2048, E = 64. dx: pieces (16384, 192) times (192, 2048). dw: (192, 16384) times (16384, 2048), and a sum
 * of three (64, 2048).
 *
 * @param pieces BF16 (rows of a, 3 · columns of a)
 * @param rest what follows the pieces in the workspace, in bytes from its start
 */
record SplitMatmul(Matmul product, Tensor workspace, Tensor pieces, long rest) {
    private static final long PIECES = 3;
    private static final long ALIGNMENT = 256;

    static SplitMatmul of(Matmul product, Tensor workspace) {
        WidenedMatmul.require(product);
        if (workspace.bytes() < bytes(product)) {
            throw new DeviceException(product + " with a workspace of " + workspace.bytes() + " bytes needs "
                    + bytes(product) + "; see WorkspaceSizes.mixedMatmul");
        }
        Tensor a = product.a();
        Tensor pieces = at(workspace, 0, DType.BF16, a.dim(0), PIECES * a.dim(1));
        return new SplitMatmul(product, workspace, pieces, aligned(pieces.bytes()));
    }

    /** Bytes of the workspace. */
    static long bytes(Matmul product) {
        long pieces = aligned(PIECES * product.a().elements() * DType.BF16.bytes());
        long result = Float.BYTES * product.c().elements();
        return pieces + (product.transposeA()
                ? aligned(PIECES * result) + aligned(result)
                : aligned(PIECES * product.b().bytes()));
    }

    void enqueue(DeviceOps ops, Kernels kernels, Stream stream) {
        Tensor a = product.a();
        kernels.each(stream, "split_pieces", a.elements(), Kernels.of(a), Kernels.of(pieces), Kernels.of(a.dim(0)),
                Kernels.ofInt(a.dim(1)), Kernels.of(a.stride(0)));
        if (product.transposeA()) {
            inParts(ops, stream);
        } else {
            ops.matmul().matmul(stream, new Matmul(pieces, repeated(ops, stream), product.c(), false,
                    product.transposeB(), product.alpha(), product.beta()));
        }
    }

    /** b repeated three times: vertically, or side by side if it is transposed. */
    private Tensor repeated(DeviceOps ops, Stream stream) {
        Tensor b = product.b();
        long rows = b.dim(0);
        long columns = b.dim(1);
        if (product.transposeB()) {
            Tensor beside = at(workspace, rest, DType.BF16, rows, PIECES * columns);
            ops.elementwise().copy(stream,
                    b.strided(new long[] {rows, PIECES, columns}, new long[] {b.stride(0), 0, b.stride(1)}),
                    beside.view(rows, PIECES, columns));
            return beside;
        }
        Tensor below = at(workspace, rest, DType.BF16, PIECES * rows, columns);
        ops.elementwise().copy(stream,
                b.strided(new long[] {PIECES, rows, columns}, new long[] {0, b.stride(0), b.stride(1)}),
                below.view(PIECES, rows, columns));
        return below;
    }

    private void inParts(DeviceOps ops, Stream stream) {
        Tensor c = product.c();
        long m = c.dim(0);
        long n = c.dim(1);
        Tensor parts = at(workspace, rest, DType.F32, PIECES * m, n);
        ops.matmul().matmul(stream,
                new Matmul(pieces, product.b(), parts, true, product.transposeB(), product.alpha(), 0));
        Tensor byRow = parts.strided(new long[] {m, PIECES, n}, new long[] {n, m * n, 1});
        if (c.dtype().isSinglePrecision()) {
            ops.elementwise().sumMiddle(stream, byRow, c, product.beta() == 1);
            return;
        }
        Tensor sum = at(workspace, rest + aligned(parts.bytes()), DType.F32, m, n);
        ops.elementwise().sumMiddle(stream, byRow, sum, false);
        if (product.beta() == 0) {
            ops.elementwise().copy(stream, sum, c);
        } else {
            ops.elementwise().accumulate(stream, sum, 1, c);
        }
    }

    private static Tensor at(Tensor workspace, long from, DType dtype, long... shape) {
        return Tensor.of(workspace.memory(), workspace.byteOffset() + from, dtype, shape);
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }
}
