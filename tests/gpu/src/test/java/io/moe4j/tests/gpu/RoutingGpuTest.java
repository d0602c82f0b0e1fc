package io.moe4j.tests.gpu;

import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The gate, against its definition. */
@Tag("gpu")
final class RoutingGpuTest {

    @ParameterizedTest(name = "{0}: {1} tokens, {2} experts, top {3}, {5} of {4} groups, normalised {6}")
    @CsvSource({"SOFTMAX,100,8,3,1,1,false,1", "SOFTMAX,257,64,6,1,1,false,1", "SOFTMAX,64,160,6,8,3,false,16",
            "SIGMOID,64,256,8,8,4,true,2.5", "SIGMOID,9,5,5,1,1,true,1", "SOFTMAX,1,4,1,2,1,false,1"})
    void gate(Score score, int tokens, int experts, int topK, int groups, int kept, boolean normalise, float scale) {
        try (Gpu gpu = Gpu.open()) {
            RoutingOps ops = gpu.device.ops().routing();
            Gate gate = new Gate(score, topK, groups, kept, normalise, scale);
            double[] logits = Reference.random(DType.F32, (long) tokens * experts, 1);
            double[] bias = Reference.random(DType.F32, experts, 2);
            for (int e = 0; e < experts; e++) {
                bias[e] = (float) (0.01 * bias[e]);
            }
            Tensor scores = gpu.tensor(DType.F32, tokens, experts);
            ops.scores(gpu.stream, gate, gpu.floats(DType.F32, logits, tokens, experts), scores);
            double[] s = gpu.read(scores);
            Reference.close("scores", scores(score, logits, tokens, experts), s, 1e-5, 1e-7);
            Tensor ids = gpu.tensor(DType.I32, tokens, topK);
            ops.select(gpu.stream, gate, scores, gpu.floats(DType.F32, bias, experts), ids);
            double[] chosen = selected(s, bias, tokens, experts, topK, groups, kept);
            Reference.same("ids", chosen, gpu.read(ids));
            Tensor weights = gpu.tensor(DType.F32, tokens, topK);
            ops.weights(gpu.stream, gate, scores, ids, weights);
            double[] dw = Reference.random(DType.F32, (long) tokens * topK, 3);
            Tensor dlogits = gpu.tensor(DType.F32, tokens, experts);
            ops.backward(gpu.stream, gate, scores, ids, gpu.floats(DType.F32, dw, tokens, topK), dlogits);
            double[] expectedWeights = new double[tokens * topK];
            double[] expectedGradient = new double[tokens * experts];
            for (int t = 0; t < tokens; t++) {
                double sum = normalise ? 1e-20 : 1;
                double inner = 0;
                for (int k = 0; k < topK; k++) {
                    double one = s[t * experts + (int) chosen[t * topK + k]];
                    sum += normalise ? one : 0;
                    inner += one * dw[t * topK + k];
                }
                double[] ds = new double[experts];
                for (int k = 0; k < topK; k++) {
                    int e = (int) chosen[t * topK + k];
                    expectedWeights[t * topK + k] = scale * s[t * experts + e] / sum;
                    ds[e] = scale * (dw[t * topK + k] - (normalise ? inner / sum : 0)) / sum;
                }
                double total = 0;
                for (int e = 0; e < experts; e++) {
                    total += ds[e] * s[t * experts + e];
                }
                for (int e = 0; e < experts; e++) {
                    double one = s[t * experts + e];
                    expectedGradient[t * experts + e] = score == Score.SOFTMAX
                            ? one * (ds[e] - total)
                            : ds[e] * one * (1 - one);
                }
            }
            Reference.close("weights", expectedWeights, gpu.read(weights), 1e-5, 1e-7);
            Reference.close("dlogits", expectedGradient, gpu.read(dlogits), 1e-4, 1e-6 * scale);
        }
    }

    @Test
    void roundRobinAndBias() {
        try (Gpu gpu = Gpu.open()) {
            Tensor ids = gpu.tensor(DType.I32, 50, 3);
            gpu.device.ops().routing().selectRoundRobin(gpu.stream, new Gate(Score.SOFTMAX, 3, 1, 1, false, 1), 8, ids);
            Reference.same("round robin", IntStream.range(0, 150).mapToDouble(n -> n % 8).toArray(), gpu.read(ids));
            Tensor bias = gpu.floats(DType.F32, new double[] {1, 2, 3, 4}, 4);
            gpu.device.ops().routing().updateBias(gpu.stream, gpu.ints(new int[] {9, 1, 1, 1}, 4), bias, 0.1f);
            Reference.close("bias", new double[] {1 - 0.15, 2.05, 3.05, 4.05}, gpu.read(bias), 1e-6, 0);
        }
    }

    private static double[] scores(Score score, double[] logits, int tokens, int experts) {
        double[] scores = new double[logits.length];
        for (int t = 0; t < tokens; t++) {
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                sum += Math.exp(logits[t * experts + e]);
            }
            for (int e = 0; e < experts; e++) {
                double x = logits[t * experts + e];
                scores[t * experts + e] = score == Score.SOFTMAX ? Math.exp(x) / sum : 1 / (1 + Math.exp(-x));
            }
        }
        return scores;
    }

    private static double[] selected(double[] s, double[] bias, int tokens, int experts, int topK, int groups,
            int kept) {
        double[] ids = new double[tokens * topK];
        int size = experts / groups;
        for (int t = 0; t < tokens; t++) {
            float[] choice = new float[experts];
            for (int e = 0; e < experts; e++) {
                choice[e] = (float) s[t * experts + e] + (float) bias[e];
            }
            boolean[] in = new boolean[experts];
            float[] value = new float[groups];
            for (int g = 0; g < groups; g++) {
                float[] sorted = java.util.Arrays.copyOfRange(choice, g * size, (g + 1) * size);
                java.util.Arrays.sort(sorted);
                value[g] = size > 1 ? sorted[size - 1] + sorted[size - 2] : sorted[0];
            }
            for (int k = 0; k < kept; k++) {
                int best = best(value);
                value[best] = Float.NEGATIVE_INFINITY;
                for (int e = best * size; e < (best + 1) * size; e++) {
                    in[e] = true;
                }
            }
            for (int e = 0; e < experts; e++) {
                choice[e] = in[e] ? choice[e] : Float.NEGATIVE_INFINITY;
            }
            for (int k = 0; k < topK; k++) {
                int best = best(choice);
                ids[t * topK + k] = best;
                choice[best] = Float.NEGATIVE_INFINITY;
            }
        }
        return ids;
    }

    private static int best(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
