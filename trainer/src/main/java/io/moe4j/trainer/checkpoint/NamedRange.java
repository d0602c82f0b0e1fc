package io.moe4j.trainer.checkpoint;

import java.util.List;

/**
 * Consecutive elements of a checkpoint tensor.
 *
 * @param name the tensor's Hugging Face name
 * @param shape its extents
 * @param from index of the first element
 * @param count number of elements
 */
public record NamedRange(String name, List<Long> shape, long from, long count) {

    long to() {
        return from + count;
    }

    /** The number of elements of the whole tensor. */
    public long whole() {
        return shape.contains(0L) ? 0 : shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** The name in a file: the tensor's name if the range is the whole tensor, else the name with the range of elements. */
    String entryName() {
        return count == whole() ? name : name + "[" + from + ":" + to() + "]";
    }
}
