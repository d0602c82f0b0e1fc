package io.moe4j.safetensors;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * A tensor of a file.
 *
 * @param name unique within the file
 * @param dtype element type
 * @param shape extents; none for a scalar
 * @param from offset of its first byte from the end of the header
 * @param to offset of the byte after its last one
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record TensorEntry(String name, DType dtype, List<Long> shape, long from, long to) {

    public TensorEntry {
        shape = List.copyOf(shape);
    }

    /** Number of elements; 0 if any extent is 0. */
    public long elements() {
        return shape.contains(0L) ? 0 : shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** Number of bytes. */
    public long bytes() {
        return to - from;
    }

    @Override
    public String toString() {
        return name + " " + dtype + shape;
    }
}
