package io.moe4j.trainer.session;

import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of tokens that pass through a model at once: 1, 4, 16 and so on, up to the largest. Exchanges of experts are opened for exact numbers, and a
 * prompt is cut into passes of these. With a largest of 256, a prompt of 300 tokens takes the passes 256, 16, 16, 4, 4, 4.
 *
 * @param ascending each once
 */
record PassSizes(List<Long> ascending) {
    private static final int RATIO = 4;

    /** Up to {@code largest}, at least 1, which is one of them. */
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

    /** The passes of so many tokens. */
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
