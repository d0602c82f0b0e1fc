package io.moe4j.data;

import java.util.Arrays;

/**
 * Chooses the source of each sequence so that each source always has its share: with k sources and weights that add up to 1, after n sequences the count of
 * source i differs from {@code n * weight(i)} by at most {@code 1 - 1 / (2k - 2)}. This is the algorithm of Tijdeman ("The chairman assignment problem",
 * Discrete Mathematics 32, 1980): of the sources that may get another sequence without exceeding the bound, it chooses the one whose deadline comes first.
 *
 * <p>For example, the weights 0.5, 0.3 and 0.2 give an order such as 0 1 2 0 0 1 0 2 1 0: five, three and two of ten. When a source is used up, the others
 * share its part in proportion, and the bound holds from there on.
 */
final class Mixture {
    private final double[] weights;
    private final double[] parts;
    private final long[] taken;

    /**
     * Continues a mixture; with counts of 0, begins one.
     *
     * @param weights weights of the sources; 0 for one that is used up
     * @param taken sequences taken from each source since the last change of weights
     */
    Mixture(double[] weights, long[] taken) {
        this.weights = weights.clone();
        this.taken = taken.clone();
        this.parts = new double[weights.length];
        share();
    }

    /** Whether all sources are used up. */
    boolean isUsedUp() {
        return Arrays.stream(weights).allMatch(weight -> weight == 0);
    }

    /** Whether this source is used up. */
    boolean isUsedUp(int source) {
        return weights[source] == 0;
    }

    /** The source of the next sequence. */
    int choose() {
        int sources = (int) Arrays.stream(weights).filter(weight -> weight > 0).count();
        long number = Arrays.stream(taken).sum() + 1;
        double slack = sources < 2 ? 0 : 1.0 / (2 * sources - 2);
        int chosen = -1;
        double earliest = Double.POSITIVE_INFINITY;
        int neediest = -1;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                double behind = parts[i] * number - taken[i];
                double deadline = (taken[i] + 1 - slack) / parts[i];
                if (behind >= slack && deadline < earliest) {
                    earliest = deadline;
                    chosen = i;
                }
                if (behind > most) {
                    most = behind;
                    neediest = i;
                }
            }
        }
        // In exact arithmetic there is always such a source; the alternative covers rounding errors.
        return chosen >= 0 ? chosen : neediest;
    }

    /** Counts sequences of the source. */
    void take(int source, long count) {
        taken[source] += count;
    }

    /** Sequences of the source since the last change of weights. */
    long taken(int source) {
        return taken[source];
    }

    /** Notes that a source is used up. */
    void end(int source) {
        weights[source] = 0;
        Arrays.fill(taken, 0);
        share();
    }

    private void share() {
        double sum = Arrays.stream(weights).sum();
        Arrays.setAll(parts, i -> sum == 0 ? 0 : weights[i] / sum);
    }
}
