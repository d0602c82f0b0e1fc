package io.moe4j.tests.contract.ops;

/** How a tensor of the cases lies in its memory; the last dimension is dense in all of them. */
enum Layout {
    /** Contiguous, from an aligned address. */
    DENSE(0, 0),
    /** Contiguous, from an address that is a multiple of the element's size and of nothing else. */
    SHIFTED(1, 0),
    /** An odd number of elements between rows, and an odd first one. */
    GAPS(1, 3),
    /** Gaps that keep rows aligned to 16 bytes wherever their length does. */
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

    /** Elements in front of the first. */
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

    /** Of a matrix, its rows; of (T, H, R) the tokens; of (B, S, H, D) the positions. */
    static int farDimension(int rank) {
        return rank == 4 ? 1 : 0;
    }

    /** Whether a tensor of one dimension has a place here. */
    boolean isContiguous() {
        return pad == 0 && this != FAR;
    }

    /** Rows of this layout, but contiguous: for the tensors of an operation that must be. */
    Layout contiguous() {
        return isContiguous() ? this : DENSE;
    }

    /** The bytes that {@code rows} far rows of at most {@code slot} bytes take. */
    static long farBytes(long rows, int elementBytes, long slot) {
        return (rows - 1) * FAR_STRIDE * elementBytes + slot;
    }
}
