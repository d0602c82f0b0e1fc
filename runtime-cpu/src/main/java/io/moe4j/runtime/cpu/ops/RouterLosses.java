package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.RoutingOps.Losses;
import io.moe4j.api.ops.RoutingOps.Score;

/**
 * The losses of the routing of one token, and their gradient, in double precision.
 *
 * @param logits (T, E)
 * @param counts address of (B, E), I32
 */
record RouterLosses(Losses losses, Rows logits, long counts) {
    private static final double TINY = 1e-20;

    /** E / (K·S) · counts. */
    private double fraction(long t, long e) {
        long experts = logits.columns();
        return (double) experts / (losses.topK() * losses.sequence())
                * Lanes.getInt(counts, t / losses.sequence() * experts + e);
    }

    private double logit(long t, long e) {
        return Lanes.get(logits.addressOf(t, 0), e);
    }

    /** Scores before they are divided by their sum; of softmax, exponentials. */
    private double score(long t, long e, double top) {
        return losses.score() == Score.SOFTMAX ? Math.exp(logit(t, e) - top) : 1 / (1 + Math.exp(-logit(t, e)));
    }

    private double top(long t) {
        double top = Double.NEGATIVE_INFINITY;
        for (long e = 0; e < logits.columns(); e++) {
            top = Math.max(top, logit(t, e));
        }
        return top;
    }

    private double exponentials(long t, double top) {
        double sum = 0;
        for (long e = 0; e < logits.columns(); e++) {
            sum += Math.exp(logit(t, e) - top);
        }
        return sum;
    }

    private double scores(long t, double top) {
        double sum = TINY;
        for (long e = 0; e < logits.columns(); e++) {
            sum += score(t, e, top);
        }
        return sum;
    }

    double balance(long t) {
        double top = top(t);
        double sum = scores(t, top);
        double term = 0;
        for (long e = 0; e < logits.columns(); e++) {
            term += fraction(t, e) * (score(t, e, top) / sum);
        }
        return term;
    }

    double z(long t) {
        double top = top(t);
        double logarithm = top + Math.log(exponentials(t, top));
        return logarithm * logarithm;
    }

    void backward(long t, float balance, float z, long dlogits) {
        double top = top(t);
        double powers = exponentials(t, top);
        double twice = 2 * (top + Math.log(powers));
        double sum = scores(t, top);
        double term = balance(t);
        for (long e = 0; e < logits.columns(); e++) {
            double s = score(t, e, top);
            // For softmax, the score is an exponential, whose derivative is itself; the division by the sum is handled below.
            double derivative = losses.score() == Score.SOFTMAX ? s : s * (1 - s);
            double ofBalance = (fraction(t, e) - term) / sum * derivative;
            double ofZ = twice * (Math.exp(logit(t, e) - top) / powers);
            Lanes.set(dlogits, e, (float) (balance * ofBalance + z * ofZ));
        }
    }
}
