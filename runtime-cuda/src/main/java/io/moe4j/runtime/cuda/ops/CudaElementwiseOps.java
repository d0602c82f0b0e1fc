package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** Copies and sums, on the kernels of {@code elementwise.cu}. */
final class CudaElementwiseOps implements ElementwiseOps {
    /** Words that a thread takes, so that few blocks compete to add to the sum. */
    private static final long DIGEST_WORDS = 8;

    private final Kernels kernels;

    CudaElementwiseOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void copy(Stream stream, Tensor source, Tensor destination) {
        boolean convertible = source.dtype().isPlainFloating() && destination.dtype().isPlainFloating();
        require(source.shape().equals(destination.shape()) && source.rank() <= 4
                && (convertible || source.dtype() == destination.dtype()), "copy", source, destination);
        if (source.elements() == 0) {
            return;
        }
        boolean sameType = source.dtype() == destination.dtype();
        if (sameType && source.isContiguous() && destination.isContiguous()) {
            stream.copy(source, destination);
            return;
        }
        long[] n = padded(source, true);
        long[] s = strides(source);
        long[] d = strides(destination);
        long total = source.elements();
        if (source.isContiguous() && destination.isContiguous()) {
            n = new long[] {1, 1, 1, total};
            s = new long[] {0, 0, 0, 1};
            d = s;
        }
        if (source.dtype() != DType.I64 && rowsAreAligned(source, s, n[3]) && rowsAreAligned(destination, d, n[3])) {
            kernels.each(stream, "copy_rows" + moved(source) + moved(destination), total / 8, of(source),
                    of(destination), of(n[1]), of(n[2]),
                    of(n[3]), of(total), of(s[0]), of(s[1]), of(s[2]), of(d[0]), of(d[1]), of(d[2]));
            return;
        }
        kernels.each(stream, "copy" + moved(source) + moved(destination), total, of(source), of(destination),
                of(n[1]), of(n[2]), of(n[3]),
                of(total), of(s[0]), of(s[1]), of(s[2]), of(s[3]), of(d[0]), of(d[1]), of(d[2]), of(d[3]));
    }

    @Override
    public void digest(Stream stream, Tensor x, Tensor digest) {
        require(x.isContiguous() && digest.dtype() == DType.I64 && digest.elements() == 1, "digest", x, digest);
        kernels.each(stream, "digest", Math.ceilDiv(Math.ceilDiv(x.bytes(), 8L), DIGEST_WORDS), of(x), of(x.bytes()),
                of(digest));
    }

    @Override
    public void add(Stream stream, Tensor a, Tensor b, Tensor out) {
        require(a.shape().equals(b.shape()) && a.shape().equals(out.shape()) && a.dtype() == b.dtype()
                && a.dtype() == out.dtype()
                && a.isContiguous() && b.isContiguous() && out.isContiguous(), "add", a, b, out);
        kernels.each(stream, "add" + suffix(a), Math.ceilDiv(a.bytes(), 16), of(a), of(b), of(out), of(a.elements()));
    }

    @Override
    public void accumulate(Stream stream, Tensor x, float factor, Tensor accumulator) {
        require(x.shape().equals(accumulator.shape()) && x.isContiguous() && accumulator.isContiguous(), "accumulate",
                x, accumulator);
        kernels.each(stream, "accumulate" + suffix(x) + suffix(accumulator), Math.ceilDiv(x.elements(), 8L), of(x),
                of(factor),
                of(accumulator), of(x.elements()));
    }

    @Override
    public void sumMiddle(Stream stream, Tensor source_THR, Tensor destination_TR, boolean accumulate) {
        require(source_THR.rank() == 3 && destination_TR.rank() == 2 && source_THR.dtype() == destination_TR.dtype()
                && source_THR.dim(0) == destination_TR.dim(0) && source_THR.dim(2) == destination_TR.dim(1)
                && source_THR.stride(2) == 1
                && destination_TR.stride(1) == 1, "sumMiddle", source_THR, destination_TR);
        boolean vectors = Kernels.vectors(8, source_THR, destination_TR);
        kernels.each(stream, (vectors ? "sum_middle_vectors" : "sum_middle") + suffix(source_THR),
                destination_TR.elements() / (vectors ? 8 : 1), of(source_THR),
                of(destination_TR),
                of(source_THR.dim(0)), ofInt(source_THR.dim(1)), ofInt(source_THR.dim(2)), of(source_THR.stride(0)),
                of(source_THR.stride(1)),
                of(destination_TR.stride(0)), flag(accumulate));
    }

    /** The suffix of a kernel that moves elements: 32-bit integers are moved as if they were F32. */
    private static String moved(Tensor tensor) {
        return switch (tensor.dtype()) {
            case I32 -> suffix(DType.F32);
            case I64 -> "_i64";
            default -> suffix(tensor);
        };
    }

    private static boolean rowsAreAligned(Tensor tensor, long[] strides, long width) {
        int size = tensor.dtype().bytes();
        return strides[3] == 1 && tensor.address() % 16 == 0 && width % 8 == 0 && strides[0] * size % 16 == 0
                && strides[1] * size % 16 == 0 && strides[2] * size % 16 == 0;
    }

    /** Extents or strides of four dimensions; missing outer dimensions have extent 1 or stride 0. */
    private static long[] padded(Tensor tensor, boolean extents) {
        long[] padded = new long[4];
        for (int i = 0; i < 4; i++) {
            int d = i - (4 - tensor.rank());
            padded[i] = d < 0 ? (extents ? 1 : 0) : extents ? tensor.dim(d) : tensor.stride(d);
        }
        return padded;
    }

    private static long[] strides(Tensor tensor) {
        return padded(tensor, false);
    }
}
