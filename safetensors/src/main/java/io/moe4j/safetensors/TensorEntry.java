package io.moe4j.safetensors;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * A tensor of a file.
 *
 * @param name unique within the file
 * @param type element type
 * @param shape extents; none for a scalar
 * @param from offset of its first byte from the end of the header
 * @param to offset of the byte after its last one
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record TensorEntry(String name, StoredType type, List<Long> shape, long from, long to) {

    public TensorEntry {
        shape = List.copyOf(shape);
    }

    /**
     * Element type, one of those that this project computes with.
     *
     * @throws InputException if it has another type
     */
    public DType dtype() {
        return type.dtype().orElseThrow(() -> new InputException("tensor \"" + Shown.of(name) + "\" has elements of "
                + type + ", and one of " + List.of(DType.values()) + " was expected; convert the file"));
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
        return name + " " + type + shape;
    }
}
