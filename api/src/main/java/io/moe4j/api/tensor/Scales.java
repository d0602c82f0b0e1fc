package io.moe4j.api.tensor;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The scales of a tensor of a type that {@linkplain DType#isScaled() needs them}: an element is its stored number times the scale of its block. The
 * tensor is divided into blocks of equal extents; the last block along a dimension may be shorter.
 *
 * <p>Example: rows (5, 300) with one scale for each piece of 1 × 128 have scales (5, 3); weights (300, 200) with one for each block of 128 × 128
 * have scales (3, 2).
 *
 * @param values F32, one scale for each block, with as many dimensions as the tensor
 * @param block extents of a block, outermost first
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Scales(Tensor values, List<Long> block) {
    /** Elements of a row, or rows and columns of weights, that share a scale. */
    public static final long BLOCK = 128;

    public Scales {
        block = List.copyOf(block);
        if (values.dtype() != DType.F32 || values.rank() != block.size()
                || block.stream().anyMatch(extent -> extent < 1)) {
            throw new IllegalArgumentException("scales " + values + " of blocks of " + block
                    + ": scales are F32, and have an extent of at least 1 of a block for each of their dimensions");
        }
    }

    /** One scale for each piece of 1 × 128 of a row: for activations and gradients. */
    public static Scales ofRows(Tensor values) {
        return new Scales(values, pieces(values.rank(), 1));
    }

    /** One scale for each block of 128 × 128 of a matrix, or of each of a stack of them: for weights. */
    public static Scales ofMatrices(Tensor values) {
        return new Scales(values, pieces(values.rank(), 2));
    }

    /**
     * One scale for each piece of 128 × 1 of a column of a matrix: for products whose sums run along its columns, such as those of the gradients of
     * weights, which are sums over tokens.
     */
    public static Scales ofColumns(Tensor values) {
        return new Scales(values, List.of(BLOCK, 1L));
    }

    /** The shape of the scales of a matrix of this shape, with pieces of 128 × 1. */
    public static long[] shapeOfColumns(long rows, long columns) {
        return new long[] {Math.ceilDiv(rows, BLOCK), columns};
    }

    /** The shape of the scales of rows of this shape, with pieces of 1 × 128. */
    public static long[] shapeOfRows(long... rows) {
        return shape(rows, 1);
    }

    /** The shape of the scales of matrices of this shape, with blocks of 128 × 128. */
    public static long[] shapeOfMatrices(long... matrices) {
        return shape(matrices, 2);
    }

    void check(List<Long> shape, DType dtype) {
        boolean fits = shape.size() == block.size();
        for (int d = 0; fits && d < shape.size(); d++) {
            fits = values.dim(d) == Math.ceilDiv(shape.get(d), block.get(d));
        }
        if (!dtype.isScaled() || !fits) {
            throw new IllegalArgumentException("scales " + values + " of blocks of " + block + " for elements " + dtype
                    + shape + ": the type must be one with scales, such as F8_E4M3, and there must be one scale for"
                    + " each block");
        }
    }

    Scales slice(int dimension, long from, long to, long extent) {
        long size = block.get(dimension);
        if (from % size != 0 || (to % size != 0 && to != extent)) {
            throw new IllegalArgumentException("elements " + from + " to " + to + " of dimension " + dimension + " of "
                    + extent + " cut through blocks of " + size + " with one scale each; begin and end with a block");
        }
        return new Scales(values.slice(dimension, from / size, Math.ceilDiv(to, size)), block);
    }

    Scales select(long index) {
        return new Scales(values.select(index), block.subList(1, block.size()));
    }

    /** The scales of the same elements in the same rows, under another shape. */
    Scales view(List<Long> shape, long[] newShape) {
        int last = shape.size() - 1;
        boolean rowsOnly = newShape.length > 0 && last >= 0 && shape.get(last) == newShape[newShape.length - 1]
                && block.subList(0, last).stream().allMatch(extent -> extent == 1);
        if (!rowsOnly) {
            throw new IllegalArgumentException("a tensor of shape " + shape + " with a scale for each block of " + block
                    + " cannot be viewed with the shape " + LongStream.of(newShape).boxed().toList()
                    + ": only the division into rows can change, where each row has its own scales");
        }
        long[] scales = newShape.clone();
        scales[scales.length - 1] = values.dim(-1);
        List<Long> extents = new ArrayList<>(pieces(newShape.length, 0));
        extents.set(newShape.length - 1, block.getLast());
        return new Scales(values.view(scales), extents);
    }

    private static List<Long> pieces(int rank, int blocked) {
        List<Long> extents = new ArrayList<>();
        for (int d = 0; d < rank; d++) {
            extents.add(d < rank - blocked ? 1 : BLOCK);
        }
        return extents;
    }

    private static long[] shape(long[] shape, int blocked) {
        long[] scales = shape.clone();
        for (int d = shape.length - blocked; d < shape.length; d++) {
            scales[d] = Math.ceilDiv(shape[d], BLOCK);
        }
        return scales;
    }

    @Override
    public String toString() {
        return "one scale for each " + block;
    }
}
