package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;

/** Computes the weights of the selected experts of a token, and the gradient with respect to the scores. Sums are in slot order, in double precision. */
record GateRows(Gate gate, Rows scores, long ids) {
    private static final double TINY = 1e-20;

    void checkIds() {
        OperandChecks.ids("expert ids", ids, scores.count() * gate.topK(), scores.columns());
    }

    private int id(long t, int k) {
        return Lanes.getInt(ids, t * gate.topK() + k);
    }

    private double score(long t, int k) {
        return Lanes.get(scores.addressOf(t, 0), id(t, k));
    }

    private double sum(long t) {
        double sum = TINY;
        for (int k = 0; k < gate.topK(); k++) {
            sum += score(t, k);
        }
        return sum;
    }

    void weights(long t, long weights) {
        double divisor = gate.normalise() ? sum(t) : 1;
        for (int k = 0; k < gate.topK(); k++) {
            Lanes.set(weights, t * gate.topK() + k, (float) (gate.scale() * (score(t, k) / divisor)));
        }
    }

    void backward(long t, long dweights, long dlogits) {
        long row = scores.addressOf(t, 0);
        double sum = gate.normalise() ? sum(t) : 1;
        // With w = scale · s / sum: ds = (scale · dw − Σ scale · dw · s / sum) / sum.
        double common = 0;
        for (int k = 0; gate.normalise() && k < gate.topK(); k++) {
            common += (double) gate.scale() * Lanes.get(dweights, t * gate.topK() + k) * score(t, k) / sum;
        }
        boolean softmax = gate.score() == Score.SOFTMAX;
        double inner = 0;
        for (int k = 0; k < gate.topK(); k++) {
            inner += dscore(t, k, dweights, common, sum) * score(t, k);
        }
        for (long e = 0; e < scores.columns(); e++) {
            Lanes.set(dlogits, e, softmax ? (float) (-inner * Lanes.get(row, e)) : 0);
        }
        for (int k = 0; k < gate.topK(); k++) {
            double ds = dscore(t, k, dweights, common, sum);
            double s = score(t, k);
            Lanes.set(dlogits, id(t, k), (float) (softmax ? s * (ds - inner) : ds * s * (1 - s)));
        }
    }

    private double dscore(long t, int k, long dweights, double common, double sum) {
        return ((double) gate.scale() * Lanes.get(dweights, t * gate.topK() + k) - common) / sum;
    }
}
