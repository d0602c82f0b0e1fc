package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One panel of a product, C = op(A) · op(B) or C += op(A) · op(B), on one core, accumulated in fp32 and rounded once. F32 operands are used in place.
 * BF16 operands are widened, a slice of the inner dimension at a time, into scratch of fixed size.
 */
final class PanelProduct {
    /** The most rows of C. */
    static final int ROWS = 256;
    /** The most columns of C. */
    static final int COLUMNS = 512;
    private static final int INNER = 512;
    /**
     * OpenBLAS computes rows in groups (of 12 or 24 on today's processors), and remaining rows with other code, whose results differ in the last bits. If
     * only whole groups are computed, the bits of a row depend on the row and on its place in its group, not on the number of rows. So an expert has the
     * same outputs for a token whether its rows are computed together or in parts, as long as each row keeps its place in its group.
     */
    static final int GROUP = 24;
    /** The most rows, with the lead, of a call of {@link #rows}: whole groups. */
    static final int ROW_BLOCK = 10 * GROUP;
    /**
     * With vectors of 512 bits, OpenBLAS computes products of at most this many multiply-adds with other code than larger ones, and other last bits
     * (0.3.31, {@code sgemm_small_kernel_permit}). Their number depends on the number of rows. So if a single group does not have more than this,
     * groups are computed one by one. Example: with 64 columns and 256 terms, a group has 393,216 multiply-adds, and groups are computed one by one; with
     * 512 columns and 512 terms it has 6 million, and 240 rows are computed at once.
     */
    private static final long SMALL = 1_000_000;

    private static final long A_BYTES = (long) ROWS * INNER * Float.BYTES;
    private static final long B_BYTES = (long) COLUMNS * INNER * Float.BYTES;
    private static final long C_BYTES = (long) ROWS * COLUMNS * Float.BYTES;
    /** 0.5 MiB for A, 1 MiB for B, 0.5 MiB for C. */
    static final long SCRATCH_BYTES = A_BYTES + B_BYTES + C_BYTES;

    private final CpuLaunch launch;
    private final PanelScratch scratch;
    private final boolean transposeA;
    private final boolean transposeB;

    PanelProduct(CpuLaunch launch, PanelScratch scratch, boolean transposeA, boolean transposeB) {
        this.launch = launch;
        this.scratch = scratch;
        this.transposeA = transposeA;
        this.transposeB = transposeB;
    }

    /** Computes C (m, n) from op(A) (m, k) and op(B) (k, n), each of which starts at its matrix's element (0, 0). */
    void run(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate) {
        if (k == 0) {
            if (!accumulate) {
                zero(c, m, n);
            }
        } else if (a.dtype().isSinglePrecision() && b.dtype().isSinglePrecision() && c.dtype().isSinglePrecision()) {
            product(m, n, k, a, b, c, accumulate);
        } else {
            long slab = scratch.take();
            try {
                widened(m, n, k, a, b, c, accumulate, slab, this::product);
            } finally {
                scratch.giveBack(slab);
            }
        }
    }

    /**
     * Computes C (m, n) from A (m, k) and op(B) (k, n), or adds to it. A row of C has the same bits whatever the other rows are, and however many.
     *
     * @param lead place of the first row in its group, below {@link #GROUP}; {@code lead + m} is at most {@link #ROW_BLOCK}
     */
    void rows(int lead, int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate) {
        int head = lead == 0 ? 0 : Math.min(m, GROUP - lead);
        int whole = (m - head) / GROUP * GROUP;
        boolean plain = a.dtype().isSinglePrecision() && b.dtype().isSinglePrecision() && c.dtype().isSinglePrecision();
        if (k == 0) {
            if (!accumulate) {
                zero(c, m, n);
            }
        } else if (plain && whole == m) {
            sliced(m, n, k, a, b, c, accumulate);
        } else {
            long slab = scratch.take();
            try {
                if (head > 0) {
                    inGroup(lead, head, n, k, a, b, c, accumulate, slab);
                }
                if (plain && whole > 0) {
                    sliced(whole, n, k, a.at(head, 0), b, c.at(head, 0), accumulate);
                } else if (whole > 0) {
                    widened(whole, n, k, a.at(head, 0), b, c.at(head, 0), accumulate, slab, this::groups);
                }
                int rest = head + whole;
                if (rest < m) {
                    inGroup(0, m - rest, n, k, a.at(rest, 0), b, c.at(rest, 0), accumulate, slab);
                }
            } finally {
                scratch.giveBack(slab);
            }
        }
    }

    /** The same, in slices of the inner dimension: the same slices as for the rows of an incomplete group. */
    private void sliced(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate) {
        for (int from = 0; from < k; from += INNER) {
            groups(m, n, Math.min(INNER, k - from), a.at(0, from), inner(b, from), c, accumulate || from > 0);
        }
    }

    /** Whole groups of rows; see {@link #SMALL}. */
    private void groups(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate) {
        int atOnce = (long) GROUP * n * k <= SMALL ? GROUP : m;
        for (int row = 0; row < m; row += atOnce) {
            product(atOnce, n, k, a.at(row, 0), b, c.at(row, 0), accumulate);
        }
    }

    /** Computes the rows of an incomplete group, whose first row has place {@code lead}, with rows of zeros in the other places. */
    private void inGroup(int lead, int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate, long slab) {
        MemorySegment memory = launch.memory();
        Matrix sum = new Matrix(slab + A_BYTES + B_BYTES, n, DType.F32);
        if (accumulate) {
            memory.asSlice(sum.address(), (long) GROUP * n * Float.BYTES).fill((byte) 0);
            copy(memory, c, m, n, sum.at(lead, 0));
        }
        for (int from = 0; from < k; from += INNER) {
            int depth = Math.min(INNER, k - from);
            Matrix group = new Matrix(slab, depth, DType.F32);
            memory.asSlice(slab, (long) GROUP * depth * Float.BYTES).fill((byte) 0);
            copy(memory, a.at(0, from), m, depth, group.at(lead, 0));
            Matrix part = inner(b, from);
            Matrix wideB = transposeB ? widen(memory, part, n, depth, slab + A_BYTES)
                    : widen(memory, part, depth, n, slab + A_BYTES);
            product(GROUP, n, depth, group, wideB, sum, accumulate || from > 0);
        }
        if (c.dtype().isSinglePrecision()) {
            copy(memory, sum.at(lead, 0), m, n, c);
        } else {
            ScalarBf16.round(memory, sum.at(lead, 0), m, n, c);
        }
    }

    private Matrix inner(Matrix b, int from) {
        return transposeB ? b.at(0, from) : b.at(from, 0);
    }

    /** Copies to single precision. */
    private static void copy(MemorySegment memory, Matrix source, int rows, int columns, Matrix target) {
        if (source.dtype().isSinglePrecision()) {
            for (int row = 0; row < rows; row++) {
                MemorySegment.copy(memory, source.at(row, 0).address(), memory, target.at(row, 0).address(),
                        (long) columns * Float.BYTES);
            }
        } else {
            ScalarBf16.widen(memory, source, rows, columns, target);
        }
    }

    /** A product in which all matrices are F32: {@link #product} or {@link #groups}. */
    private interface InOnePrecision {
        void compute(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate);
    }

    private void widened(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate, long slab,
            InOnePrecision multiply) {
        MemorySegment memory = launch.memory();
        boolean direct = c.dtype().isSinglePrecision();
        Matrix sum = direct ? c : new Matrix(slab + A_BYTES + B_BYTES, n, DType.F32);
        if (!direct && accumulate) {
            ScalarBf16.widen(memory, c, m, n, sum);
        }
        for (int from = 0; from < k; from += INNER) {
            int depth = Math.min(INNER, k - from);
            Matrix wideA = transposeA
                    ? widen(memory, a.at(from, 0), depth, m, slab)
                    : widen(memory, a.at(0, from), m, depth, slab);
            Matrix wideB = transposeB
                    ? widen(memory, b.at(0, from), n, depth, slab + A_BYTES)
                    : widen(memory, b.at(from, 0), depth, n, slab + A_BYTES);
            multiply.compute(m, n, depth, wideA, wideB, sum, accumulate || from > 0);
        }
        if (!direct) {
            ScalarBf16.round(memory, sum, m, n, c);
        }
    }

    private static Matrix widen(MemorySegment memory, Matrix source, int rows, int columns, long address) {
        if (source.dtype().isSinglePrecision()) {
            return source;
        }
        Matrix wide = new Matrix(address, columns, DType.F32);
        ScalarBf16.widen(memory, source, rows, columns, wide);
        return wide;
    }

    private void product(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean accumulate) {
        launch.sgemm(
                new Sgemm(transposeA, transposeB, m, n, k, 1, a.address(), Math.toIntExact(a.stride()), b.address(),
                        Math.toIntExact(b.stride()), accumulate ? 1 : 0, c.address(), Math.toIntExact(c.stride())));
    }

    private void zero(Matrix c, int m, int n) {
        for (int row = 0; row < m; row++) {
            launch.memory().asSlice(c.at(row, 0).address(), (long) n * c.dtype().bytes()).fill((byte) 0);
        }
    }

    /** Reads the running sum of expert {@code index}, limited to the capacity so that an overflowing plan cannot lead outside the buffer. */
    static long offset(CpuLaunch launch, long offsets, int index, long capacity) {
        if (index < 0) {
            return 0;
        }
        long offset = launch.memory().get(ValueLayout.JAVA_INT_UNALIGNED, offsets + (long) index * Integer.BYTES);
        return Math.clamp(offset, 0, capacity);
    }
}
