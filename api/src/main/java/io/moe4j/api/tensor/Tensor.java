package io.moe4j.api.tensor;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * A strided, typed view of device memory. A tensor owns nothing: it is valid for as long as its {@link Memory} is live, and the
 * scope that it was allocated from is open. All addresses are 64-bit.
 *
 * @param memory the memory that it lies in
 * @param byteOffset bytes from the start of {@code memory} to element zero
 * @param dtype element type
 * @param shape extents, outermost first; an extent may be zero
 * @param strides elements (not bytes) between neighbours along each dimension; zero repeats the same elements
 * @param scales factors of the stored numbers, for a type that {@linkplain DType#isScaled() needs scales}; slices and views of a tensor have the
 *     corresponding part of its scales. Since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public record Tensor(Memory memory, long byteOffset, DType dtype, List<Long> shape, List<Long> strides,
        Optional<Scales> scales) {

    public Tensor {
        shape = List.copyOf(shape);
        strides = List.copyOf(strides);
        if (shape.size() != strides.size()) {
            throw new IllegalArgumentException("shape " + shape + " and strides " + strides
                    + " have different lengths; give one stride for each dimension");
        }
        // Loops instead of Java streams, here and below: a step creates tens of thousands of views.
        for (int d = 0; d < shape.size(); d++) {
            if (shape.get(d) < 0) {
                throw new IllegalArgumentException("shape " + shape + " has a negative extent; extents are >= 0");
            }
        }
        long last = lastElement(shape, strides);
        if (byteOffset < 0 || byteOffset + (last + 1) * dtype.bytes() > memory.bytes()) {
            throw new IllegalArgumentException(
                    "a tensor of shape " + shape + ", strides " + strides + " and type " + dtype
                            + " at byte " + byteOffset + " does not fit into " + memory.bytes() + " bytes of memory");
        }
        if (scales.isPresent()) {
            scales.get().check(shape, dtype);
        }
    }

    /** A tensor without scales. */
    public Tensor(Memory memory, long byteOffset, DType dtype, List<Long> shape, List<Long> strides) {
        this(memory, byteOffset, dtype, shape, strides, Optional.empty());
    }

    /** A dense row-major tensor. */
    public static Tensor of(Memory memory, long byteOffset, DType dtype, long... shape) {
        return new Tensor(memory, byteOffset, dtype, box(shape), box(denseStrides(shape)));
    }

    /** Bytes of a dense tensor of this type and shape. */
    public static long bytes(DType dtype, long... shape) {
        return LongStream.of(shape).reduce(1, Math::multiplyExact) * dtype.bytes();
    }

    /** Number of dimensions. */
    public int rank() {
        return shape.size();
    }

    /** Extent of dimension {@code dimension}; negative ones count from the end. */
    public long dim(int dimension) {
        return shape.get(dimension < 0 ? dimension + rank() : dimension);
    }

    /** Stride in elements of dimension {@code dimension}; negative ones count from the end. */
    public long stride(int dimension) {
        return strides.get(dimension < 0 ? dimension + rank() : dimension);
    }

    /** Number of elements. */
    public long elements() {
        long count = 1;
        for (int d = 0; d < shape.size(); d++) {
            count = Math.multiplyExact(count, shape.get(d));
        }
        return count;
    }

    /** Bytes of its elements. */
    public long bytes() {
        return elements() * dtype.bytes();
    }

    /** Address of element zero, in the address space of the device. */
    public long address() {
        return memory.address() + byteOffset;
    }

    /** Whether the elements lie row-major without gaps. */
    public boolean isContiguous() {
        long expected = 1;
        for (int d = rank() - 1; d >= 0; d--) {
            if (dim(d) != 1 && stride(d) != expected) {
                return false;
            }
            expected *= dim(d);
        }
        return true;
    }

    /** The same elements under another shape; this tensor must be contiguous. */
    public Tensor view(long... newShape) {
        if (!isContiguous() || LongStream.of(newShape).reduce(1, Math::multiplyExact) != elements()) {
            throw new IllegalArgumentException("cannot view " + this + " as " + Arrays.toString(newShape)
                    + ": it must be contiguous and have as many elements");
        }
        return new Tensor(memory, byteOffset, dtype, box(newShape), box(denseStrides(newShape)),
                scales.map(given -> given.view(shape, newShape)));
    }

    /**
     * The same stored numbers with other scales, or without scales.
     *
     * @since 0.3.0
     */
    public Tensor withScales(Optional<Scales> others) {
        return new Tensor(memory, byteOffset, dtype, shape, strides, others);
    }

    /**
     * Checks that the tensor has scales if its type needs them.
     *
     * @param what the role of this tensor, for the message
     * @throws IllegalArgumentException if the type needs scales and there are none
     * @since 0.3.0
     */
    public void requireScales(String what) {
        if (dtype.isScaled() && scales.isEmpty()) {
            throw new IllegalArgumentException(what + " is " + this + " without scales, and " + dtype
                    + " needs them; quantize into a tensor with scales, or give those that belong to it");
        }
    }

    /** Elements {@code from} (inclusive) to {@code to} (exclusive) along {@code dimension}; negative dimensions count from the end. */
    public Tensor slice(int dimension, long from, long to) {
        int d = dimension < 0 ? dimension + rank() : dimension;
        if (from < 0 || to < from || to > dim(d)) {
            throw new IndexOutOfBoundsException(
                    "slice " + from + ".." + to + " of dimension " + d + " of " + this + ": it has " + dim(d)
                            + " elements");
        }
        Long[] extents = shape.toArray(Long[]::new);
        extents[d] = to - from;
        return new Tensor(memory, byteOffset + from * stride(d) * dtype.bytes(), dtype, List.of(extents), strides,
                scales.map(given -> given.slice(d, from, to, dim(d))));
    }

    /** The sub-tensor at {@code index} of the outermost dimension, which disappears. */
    public Tensor select(long index) {
        Tensor one = slice(0, index, index + 1);
        return new Tensor(memory, one.byteOffset, dtype, shape.subList(1, rank()), strides.subList(1, rank()),
                scales.map(given -> given.select(index)));
    }

    /** This tensor with the given extents and strides (in elements), from the same first element. Not for tensors with scales. */
    public Tensor strided(long[] newShape, long[] newStrides) {
        if (scales.isPresent()) {
            throw new IllegalArgumentException(this + " with the shape " + Arrays.toString(newShape) + " and strides "
                    + Arrays.toString(newStrides) + ": its scales do not follow; slice, select or view it");
        }
        return new Tensor(memory, byteOffset, dtype, box(newShape), box(newStrides));
    }

    @Override
    public String toString() {
        return dtype + shape.toString() + (isContiguous() ? "" : " strides " + strides)
                + scales.map(given -> " with " + given).orElse("");
    }

    private static long lastElement(List<Long> shape, List<Long> strides) {
        long last = 0;
        for (int d = 0; d < shape.size(); d++) {
            if (shape.get(d) == 0) {
                return -1;
            }
            last = Math.addExact(last, Math.multiplyExact(shape.get(d) - 1, strides.get(d)));
        }
        return last;
    }

    private static long[] denseStrides(long... shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride = Math.multiplyExact(stride, shape[d]);
        }
        return strides;
    }

    private static List<Long> box(long... values) {
        Long[] boxed = new Long[values.length];
        for (int i = 0; i < boxed.length; i++) {
            boxed[i] = values[i];
        }
        return List.of(boxed);
    }
}
