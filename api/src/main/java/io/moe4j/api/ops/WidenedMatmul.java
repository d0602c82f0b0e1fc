package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * A product of an F32 and a BF16 matrix in fp32, with a copy of the BF16 matrix that is widened to fp32. The workspace holds this copy and, for a BF16 result,
 * the product before it is rounded.
 *
 * @param product see {@link DeviceOps#mixedMatmul}
 * @param workspace {@link #bytes} bytes
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record WidenedMatmul(Matmul product, Tensor workspace) {
    private static final long ALIGNMENT = 256;

    public WidenedMatmul {
        require(product);
        if (workspace.bytes() < bytes(product)) {
            throw new DeviceException(product + " with a workspace of " + workspace.bytes() + " bytes needs "
                    + bytes(product) + "; see WorkspaceSizes.mixedMatmul");
        }
    }

    /** Bytes of the workspace. */
    public static long bytes(Matmul product) {
        long wide = aligned(Float.BYTES * product.b().elements());
        return isNarrow(product) ? wide + aligned(Float.BYTES * product.c().elements()) : wide;
    }

    /**
     * Checks types and strides. Devices with their own implementation can use it too.
     *
     * @throws DeviceException if it is not a product of an F32 and a BF16 matrix with beta 0 or 1
     */
    public static void require(Matmul product) {
        DType b = product.b().dtype();
        boolean types = product.a().dtype().isSinglePrecision() && b.isPlainFloating() && !b.isSinglePrecision()
                && product.c().dtype().isPlainFloating();
        if (!types || !product.c().isContiguous() || (product.beta() != 0 && product.beta() != 1)) {
            throw new DeviceException("mixed product " + product + ": a must be F32, b BF16, c contiguous and F32 or"
                    + " BF16, and beta 0 or 1; see DeviceOps.mixedMatmul");
        }
    }

    /** Enqueues the product. */
    public void enqueue(DeviceOps ops, Stream stream) {
        Tensor b = part(0, product.b());
        ops.elementwise().copy(stream, product.b(), b);
        Tensor c = isNarrow(product) ? part(aligned(b.bytes()), product.c()) : product.c();
        ops.matmul().matmul(stream, new Matmul(product.a(), b, c, product.transposeA(), product.transposeB(),
                product.alpha(), isNarrow(product) ? 0 : product.beta()));
        if (isNarrow(product) && product.beta() == 0) {
            ops.elementwise().copy(stream, c, product.c());
        } else if (isNarrow(product)) {
            ops.elementwise().accumulate(stream, c, 1, product.c());
        }
    }

    private Tensor part(long from, Tensor like) {
        return Tensor.of(workspace.memory(), workspace.byteOffset() + from, DType.F32, like.dim(0), like.dim(1));
    }

    private static boolean isNarrow(Matmul product) {
        return !product.c().dtype().isSinglePrecision();
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }
}
