package io.moe4j.tests.contract.ops;

/** How a tensor of a case lies in memory; the last dimension is always dense. */
enum Layout {
    /** Contiguous, from an aligned address. */
    DENSE(0, 0),
    /** Contiguous, from an address that is only a multiple of the element's size. */
    SHIFTED(1, 0),
    /** An odd number of elements between rows, and an odd first one. */
    GAPS(1, 3),
    /** Gaps that keep rows aligned to 16 bytes if their length is a multiple of that. */
    ALIGNED_GAPS(8, 8),
    /** Rows so far apart that the elements of the third have indices beyond 2³¹. */
    FAR(0, 0);

    private static final long FAR_STRIDE = (1L << 30) + 8;

    private final long skip;
    private final long pad;

    Layout(long skip, long pad) {
        this.skip = skip;
        this.pad = pad;
    }

    /** Number of unused elements before the first. */
    long skip() {
        return skip;
    }

    long[] strides(long... shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = this == FAR && d <= farDimension(shape.length) ? FAR_STRIDE : stride;
            stride = stride * shape[d] + pad;
        }
        return strides;
    }

    /** The dimension with the gaps: the rows of a matrix; the tokens of (T, H, R); the positions of (B, S, H, D). */
    static int farDimension(int rank) {
        return rank == 4 ? 1 : 0;
    }

    /** Whether a tensor of one dimension can have this layout. */
    boolean isContiguous() {
        return pad == 0 && this != FAR;
    }

    /** The contiguous counterpart of this layout, for tensors that an operation requires to be contiguous. */
    Layout contiguous() {
        return isContiguous() ? this : DENSE;
    }

    /** The bytes of memory for {@code rows} far rows of at most {@code slot} bytes. */
    static long farBytes(long rows, int elementBytes, long slot) {
        return (rows - 1) * FAR_STRIDE * elementBytes + slot;
    }
}
