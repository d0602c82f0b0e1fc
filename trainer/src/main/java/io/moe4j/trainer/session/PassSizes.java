package io.moe4j.trainer.session;

import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of tokens that pass through a model at once: 1, 4, 16 and so on, up to the largest. An exchange of experts is opened for an exact number of
 * tokens, so a prompt is cut into passes of these sizes. With a largest of 256, a prompt of 300 tokens takes the passes 256, 16, 16, 4, 4, 4.
 *
 * @param ascending the sizes, each once, in ascending order
 */
record PassSizes(List<Long> ascending) {
    private static final int RATIO = 4;

    /** The sizes up to {@code largest}, which is one of them and at least 1. */
    static PassSizes upTo(long largest) {
        List<Long> sizes = new ArrayList<>();
        for (long size = 1; size < largest; size *= RATIO) {
            sizes.add(size);
        }
        sizes.add(largest);
        return new PassSizes(List.copyOf(sizes));
    }

    long largest() {
        return ascending.getLast();
    }

    /** The sizes of the passes for this number of tokens. */
    List<Long> of(long tokens) {
        List<Long> passes = new ArrayList<>();
        long left = tokens;
        for (long size : ascending.reversed()) {
            for (; left >= size; left -= size) {
                passes.add(size);
            }
        }
        return passes;
    }
}
