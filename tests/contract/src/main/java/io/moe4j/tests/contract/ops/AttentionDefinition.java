package io.moe4j.tests.contract.ops;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;

/**
 * Causal attention within documents and its gradients, one query after the other, with the error that fp32 arithmetic makes in each element. Where tensors
 * are bf16, probabilities and the gradients of scores may be rounded to bf16 before they are multiplied, as tensor cores require.
 */
final class AttentionDefinition {
    /** The constant part of the relative error of exponentials, quotients and rescaled sums. */
    private static final double FEW = 40 * Rounding.U32;

    private final int sequence;
    private final int heads;
    private final int keyHeads;
    private final int queryKey;
    private final int value;
    private final double scale;
    private final double narrowed;
    private final int[] starts;
    private final double[] score;
    private final double[] scoreError;
    private final double[] p;
    private final double[] relative;
    /** The sum of the sizes of the terms of the last dot product, from which its error follows. */
    private double size;

    /** The attention over sequences of one document each. */
    AttentionDefinition(AttentionShape shape, double scale) {
        this(shape, scale, new int[Math.toIntExact(shape.batch() * shape.sequence())]);
    }

    /** @param starts_BS where each token's document begins; all 0 if each sequence is one document */
    AttentionDefinition(AttentionShape shape, double scale, int[] starts_BS) {
        starts = starts_BS;
        sequence = (int) shape.sequence();
        heads = (int) shape.heads();
        keyHeads = (int) shape.keyHeads();
        queryKey = (int) shape.queryKeyDim();
        value = (int) shape.valueDim();
        this.scale = scale;
        narrowed = shape.dtype() == DType.BF16 ? Rounding.stored(DType.BF16) : 0;
        score = new double[sequence];
        scoreError = new double[sequence];
        p = new double[sequence];
        relative = new double[sequence];
    }

    /** Sums of products whose first factor has a relative error, one for each element of a tensor. */
    private static final class Results {
        final double[] values;
        final double[] errors;
        final double[] sizes;
        final int[] terms;

        Results(int count) {
            values = new double[count];
            errors = new double[count];
            sizes = new double[count];
            terms = new int[count];
        }

        void add(int at, double factor, double factorError, double[] from, int with, int count) {
            for (int i = 0; i < count; i++) {
                double size = Math.abs(from[with + i]);
                values[at + i] += factor * from[with + i];
                errors[at + i] += factorError * size;
                sizes[at + i] += Math.abs(factor) * size;
                terms[at + i]++;
            }
        }

        Approx[] all() {
            Approx[] all = new Approx[values.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = new Approx(values[i], errors[i] + roundings(terms[i]) * Rounding.U32 * sizes[i]);
            }
            return all;
        }
    }

    private static double roundings(int terms) {
        return 1 + Math.min(terms, 6 * Math.sqrt(terms));
    }

    /** A dot product; sets {@link #size}. One loop computes both sums, because most of the time of these definitions is spent here. */
    private double dot(double[] a, int from, double[] b, int with, int count) {
        double sum = 0;
        double sizes = 0;
        for (int i = 0; i < count; i++) {
            double product = a[from + i] * b[with + i];
            sum += product;
            sizes += Math.abs(product);
        }
        size = sizes;
        return sum;
    }

    /** The largest error of the last dot product, which has {@code count} terms. */
    private double dotError(int count) {
        return roundings(count) * Rounding.U32 * size;
    }

    /** Number of the row of (B, S, H) tensors of query {@code s} in head {@code bh}, which counts heads within sequences. */
    private int row(int bh, int s) {
        return (bh / heads * sequence + s) * heads + bh % heads;
    }

    /** Number of the row of (B, S, G) tensors of the key {@code s} that head {@code bh} attends over. */
    private int keyRow(int bh, int s) {
        return (bh / heads * sequence + s) * keyHeads + bh % heads / (heads / keyHeads);
    }

    /** The first key that query {@code s} of head {@code bh} attends over. */
    private int start(int bh, int s) {
        return starts[bh / heads * sequence + s];
    }

    /** Fills {@link #score} and {@link #scoreError}, and returns the largest score. */
    private double scores(int bh, int query, double[] q, double[] k) {
        double top = Double.NEGATIVE_INFINITY;
        for (int j = start(bh, query); j <= query; j++) {
            score[j] = scale * dot(q, row(bh, query) * queryKey, k, keyRow(bh, j) * queryKey, queryKey);
            scoreError[j] = scale * dotError(queryKey);
            top = Math.max(top, score[j]);
        }
        return top;
    }

    /** Fills {@link #p} with exp(score − shift), {@link #relative} with their relative errors. */
    private void powers(int bh, int query, double shift) {
        for (int j = start(bh, query); j <= query; j++) {
            double error = scoreError[j] + 2 * Rounding.U32 * (Math.abs(score[j]) + Math.abs(shift));
            p[j] = Math.exp(score[j] - shift);
            relative[j] = error + 2.5 * Math.abs(score[j] - shift) * Rounding.U32 + FEW;
        }
    }

    /** Computes o and lse. */
    Approx[][] forward(double[] q, double[] k, double[] v) {
        return forward(q, k, v, 0);
    }

    /** Computes o and lse of the queries from {@code first} on; the results of the others are undefined. */
    Approx[][] forward(double[] q, double[] k, double[] v, int first) {
        Results o = new Results(v.length / keyHeads * heads);
        Approx[] lse = new Approx[o.values.length / value];
        for (int bh = 0; bh < lse.length / Math.max(1, sequence); bh++) {
            for (int s = first; s < sequence; s++) {
                double top = scores(bh, s, q, k);
                powers(bh, s, top);
                Sum sum = new Sum();
                for (int j = start(bh, s); j <= s; j++) {
                    sum.add(new Approx(p[j], p[j] * relative[j]));
                }
                Approx total = sum.result();
                lse[bh * sequence + s] = total.log().plus(top);
                double spread = total.error() / total.value();
                for (int j = start(bh, s); j <= s; j++) {
                    double probability = p[j] / total.value();
                    o.add(row(bh, s) * value, probability, probability * (relative[j] + spread + narrowed), v,
                            keyRow(bh, j) * value, value);
                }
            }
        }
        return new Approx[][] {o.all(), lse};
    }

    /** Computes dq, dk and dv from the stored o and lse. */
    Approx[][] backward(double[] q, double[] k, double[] v, double[] o, double[] lse, double[] dO) {
        Results dq = new Results(q.length);
        Results dk = new Results(k.length);
        Results dv = new Results(v.length);
        for (int bh = 0; bh < lse.length / Math.max(1, sequence); bh++) {
            for (int s = 0; s < sequence; s++) {
                int out = row(bh, s) * value;
                double delta = dot(o, out, dO, out, value);
                double deltaError = dotError(value);
                scores(bh, s, q, k);
                powers(bh, s, lse[bh * sequence + s]);
                for (int j = start(bh, s); j <= s; j++) {
                    int key = keyRow(bh, j);
                    double dp = dot(dO, out, v, key * value, value);
                    double dpError = dotError(value) + deltaError
                            + Rounding.U32 * (Math.abs(dp) + Math.abs(delta));
                    double ds = scale * p[j] * (dp - delta);
                    double dsError = Math.abs(ds) * (relative[j] + narrowed) + scale * p[j] * dpError;
                    dq.add(row(bh, s) * queryKey, ds, dsError, k, key * queryKey, queryKey);
                    dk.add(key * queryKey, ds, dsError, q, row(bh, s) * queryKey, queryKey);
                    dv.add(key * value, p[j], p[j] * (relative[j] + narrowed), dO, out, value);
                }
            }
        }
        return new Approx[][] {dq.all(), dk.all(), dv.all()};
    }
}
