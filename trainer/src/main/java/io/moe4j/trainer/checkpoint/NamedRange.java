package io.moe4j.trainer.checkpoint;

import java.util.List;

/**
 * Consecutive elements of a checkpoint tensor.
 *
 * @param name the tensor's Hugging Face name
 * @param shape its extents
 * @param from its first element here
 * @param count number of elements here
 */
public record NamedRange(String name, List<Long> shape, long from, long count) {

    long to() {
        return from + count;
    }

    /** Elements of the whole tensor. */
    public long whole() {
        return shape.contains(0L) ? 0 : shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** The name in a file: the tensor's own if it is whole, else with the elements that are there. */
    String entryName() {
        return count == whole() ? name : name + "[" + from + ":" + to() + "]";
    }
}
