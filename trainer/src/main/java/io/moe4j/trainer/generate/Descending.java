package io.moe4j.trainer.generate;

/**
 * Tokens by decreasing weight, equal ones by increasing id. A heap yields them one by one, so that only the part that is read is sorted: of a vocabulary of
 * 100,000 tokens, a few have nearly all the probability.
 */
final class Descending {
    private final double[] weights;
    private final int[] heap;
    private final int[] sorted;
    private int left;
    private int known;

    Descending(double[] weights) {
        this.weights = weights;
        this.left = weights.length;
        this.heap = new int[left];
        this.sorted = new int[left];
        for (int i = 0; i < left; i++) {
            heap[i] = i;
        }
        for (int i = left / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    /** The token at a place in this order, from 0. */
    int get(int place) {
        while (known <= place) {
            sorted[known++] = heap[0];
            heap[0] = heap[--left];
            sink(0);
        }
        return sorted[place];
    }

    /** The first token, in this order, at which the running sum of weights exceeds {@code sum}; the last token if it never does. */
    int firstBeyond(double sum) {
        double before = 0;
        for (int place = 0; place < weights.length - 1; place++) {
            before += weights[get(place)];
            if (before > sum) {
                return get(place);
            }
        }
        return get(weights.length - 1);
    }

    private void sink(int from) {
        int at = from;
        int token = heap[at];
        while (2 * at + 1 < left) {
            int child = 2 * at + 1;
            if (child + 1 < left && isBefore(heap[child + 1], heap[child])) {
                child++;
            }
            if (!isBefore(heap[child], token)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = token;
    }

    private boolean isBefore(int a, int b) {
        return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
    }
}
