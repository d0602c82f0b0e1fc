package io.moe4j.trainer.generate;

import io.moe4j.api.ops.ElementwiseOps;

/** Chooses tokens as {@link Sampling} defines it. */
record Sampler(Sampling sampling) {
    private static final double UNIT = 0x1p-53;
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    /**
     * Chooses a token.
     *
     * @param logits the finite logits of all tokens
     * @param position position of the token in the answer, from 0
     */
    int choose(float[] logits, long position) {
        int best = best(logits);
        if (sampling.temperature() == 0) {
            return best;
        }
        double[] weights = new double[logits.length];
        double total = 0;
        for (int i = 0; i < logits.length; i++) {
            weights[i] = Math.exp(((double) logits[i] - logits[best]) / sampling.temperature());
            total += weights[i];
        }
        return draw(new Descending(weights), weights, total, uniform(position));
    }

    /** Draws a token. If all tokens are kept, the sum of their weights is known; otherwise, tokens are taken in order until they suffice. */
    private int draw(Descending order, double[] weights, double total, double u) {
        if (sampling.topP() == 1) {
            return order.firstBeyond(u * total);
        }
        double wanted = sampling.topP() * total;
        double kept = 0;
        int count = 0;
        while (count < weights.length && (kept < wanted || count == 0)) {
            kept += weights[order.get(count++)];
        }
        double sum = 0;
        for (int i = 0; i < count - 1; i++) {
            sum += weights[order.get(i)];
            if (sum > u * kept) {
                return order.get(i);
            }
        }
        return order.get(count - 1);
    }

    /** A random number in [0, 1), with 53 bits. */
    private double uniform(long position) {
        return (ElementwiseOps.mix(ElementwiseOps.mix(sampling.seed() + GOLDEN) + (position + 1) * GOLDEN) >>> 11)
                * UNIT;
    }

    /** The most probable token; of equal ones, the first. */
    static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** The natural logarithm of a token's probability, at temperature 1. */
    static double logProbability(float[] logits, int id) {
        double top = logits[best(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - top);
        }
        return logits[id] - top - Math.log(sum);
    }
}
