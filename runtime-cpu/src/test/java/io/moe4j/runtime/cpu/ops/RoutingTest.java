package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutingTest {

    @ParameterizedTest
    @CsvSource({"SOFTMAX,1,1,1,1,1,false,1", "SOFTMAX,65,8,3,1,1,false,1", "SOFTMAX,40,160,6,8,3,false,16",
            "SIGMOID,40,256,8,8,4,true,2.5", "SIGMOID,30,16,4,4,2,true,2.5", "SOFTMAX,20,20,5,1,1,true,1",
            "SIGMOID,9,6,6,6,6,false,1", "SIGMOID,9,6,2,6,3,false,1", "SOFTMAX,0,8,2,1,1,true,1"})
    void agreesWithDoubles(Score score, int t, int experts, int k, int groups, int kept, boolean normalise,
            float scale) {
        Random random = new Random(t + experts);
        Gate gate = new Gate(score, k, groups, kept, normalise, scale);
        try (TestMachine machine = new TestMachine(2)) {
            double[] logits = Expect.random(random, DType.F32, (long) t * experts);
            double[] bias = Expect.random(random, DType.F32, experts);
            double[] dweights = Expect.random(random, DType.F32, (long) t * k);
            Arrays.setAll(bias, i -> 0.125 * bias[i]);
            Tensor scores = machine.tensor(DType.F32, t, experts);
            Tensor ids = machine.tensor(DType.I32, t, k);
            Tensor weights = machine.tensor(DType.F32, t, k);
            Tensor dlogits = machine.tensor(DType.F32, t, experts);
            Tensor biasTensor = machine.floats(DType.F32, bias, experts);
            var routing = machine.ops.routing();
            routing.scores(TestMachine.STREAM, gate, machine.floats(DType.F32, logits, t, experts), scores);
            routing.select(TestMachine.STREAM, gate, scores, biasTensor, ids);
            routing.weights(TestMachine.STREAM, gate, scores, ids, weights);
            routing.backward(TestMachine.STREAM, gate, scores, ids, machine.floats(DType.F32, dweights, t, k), dlogits);

            double few = (20 + experts / 8.0) * Expect.SINGLE;
            double[] wanted = scores(score, logits, t, experts);
            Expect.near(wanted, scores, few, 0);
            double[] chosen = TestMachine.read(ids);
            double[] exact = TestMachine.read(scores);
            double[] gradient = new double[t * experts];
            double[] wantedWeights = new double[t * k];
            for (int i = 0; i < t; i++) {
                int row = i * experts;
                int[] best = select(gate, Arrays.copyOfRange(exact, row, row + experts), bias);
                assertArrayEquals(best, IntStream.range(i * k, (i + 1) * k).map(n -> (int) chosen[n]).toArray());
                for (int slot = 0; slot < k; slot++) {
                    wantedWeights[i * k + slot] = weight(gate, exact, row, best, slot);
                }
                // Finite differences of the doubles: error h² times third derivatives of order one, times 1 / least sum.
                double h = 1e-5;
                for (int e = 0; e < experts; e++) {
                    for (int side = -1; side <= 1; side += 2) {
                        double[] moved = Arrays.copyOfRange(logits, row, row + experts);
                        moved[e] += side * h;
                        double[] movedScores = scores(score, moved, 1, experts);
                        for (int slot = 0; slot < k; slot++) {
                            gradient[row + e] += side * dweights[i * k + slot]
                                    * weight(gate, movedScores, 0, best, slot) / (2 * h);
                        }
                    }
                }
            }
            Expect.near(wantedWeights, weights, 4 * Expect.SINGLE, 0);
            Expect.near(gradient, dlogits, 1e-5, 1e-6 * scale);
        }
    }

    private static double[] scores(Score score, double[] logits, int t, int experts) {
        double[] scores = new double[t * experts];
        for (int i = 0; i < t; i++) {
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                sum += Math.exp(logits[i * experts + e]);
            }
            for (int e = 0; e < experts; e++) {
                double x = logits[i * experts + e];
                scores[i * experts + e] = score == Score.SOFTMAX ? Math.exp(x) / sum : 1 / (1 + Math.exp(-x));
            }
        }
        return scores;
    }

    private static double weight(Gate gate, double[] scores, int row, int[] best, int slot) {
        double sum = gate.normalise() ? Arrays.stream(best).mapToDouble(e -> scores[row + e]).sum() + 1e-20 : 1;
        return gate.scale() * scores[row + best[slot]] / sum;
    }

    private static int[] select(Gate gate, double[] scores, double[] bias) {
        int size = scores.length / gate.groups();
        float[] choice = new float[scores.length];
        for (int e = 0; e < choice.length; e++) {
            choice[e] = (float) scores[e] + (float) bias[e];
        }
        Comparator<Integer> byChoice = Comparator.<Integer, Float>comparing(e -> -choice[e]).thenComparing(e -> e);
        Comparator<Integer> byGroup = Comparator.<Integer, Float>comparing(g -> {
            float[] top = new float[size];
            System.arraycopy(choice, g * size, top, 0, size);
            Arrays.sort(top);
            return -(size == 1 ? top[0] : top[size - 1] + top[size - 2]);
        }).thenComparing(g -> g);
        var groups = IntStream.range(0, gate.groups()).boxed().sorted(byGroup).limit(gate.keptGroups()).toList();
        return IntStream.range(0, scores.length).boxed().filter(e -> groups.contains(e / size)).sorted(byChoice)
                .limit(gate.topK()).mapToInt(e -> e).toArray();
    }

    @Test
    void tiesGoToTheLowerIndex() {
        try (TestMachine machine = new TestMachine(1)) {
            Tensor scores = machine.floats(DType.F32, new double[] {.25, .5, .25, .5, .25, .25, .5, .5}, 1, 8);
            Tensor ids = machine.tensor(DType.I32, 1, 5);
            Tensor bias = machine.floats(DType.F32, new double[8], 8);
            Gate all = new Gate(Score.SOFTMAX, 5, 1, 1, false, 1);
            machine.ops.routing().select(TestMachine.STREAM, all, scores, bias, ids);
            assertArrayEquals(new double[] {1, 3, 6, 7, 0}, TestMachine.read(ids));
            // Groups of two: values .75, .75, .5, 1: kept are the last and, by the tie, the first; within them 1 (index), then 6, 7.
            Gate grouped = new Gate(Score.SOFTMAX, 3, 4, 2, false, 1);
            Tensor three = machine.tensor(DType.I32, 1, 3);
            machine.ops.routing().select(TestMachine.STREAM, grouped, scores, bias, three);
            assertArrayEquals(new double[] {1, 6, 7}, TestMachine.read(three));
        }
    }

    @Test
    void roundRobinAndBias() {
        try (TestMachine machine = new TestMachine(1)) {
            Gate gate = new Gate(Score.SOFTMAX, 3, 1, 1, false, 1);
            Tensor ids = machine.tensor(DType.I32, 3, 3);
            machine.ops.routing().selectRoundRobin(TestMachine.STREAM, gate, 4, ids);
            assertArrayEquals(new double[] {0, 1, 2, 3, 0, 1, 2, 3, 0}, TestMachine.read(ids));
            Tensor bias = machine.floats(DType.F32, new double[] {1, 1, 1, 1}, 4);
            // mean 4: signs −, +, +, 0, whose mean is 1/4
            machine.ops.routing().updateBias(TestMachine.STREAM, machine.ints(new int[] {9, 1, 2, 4}, 4), bias, 0.5f);
            assertArrayEquals(new double[] {0.375, 1.375, 1.375, 0.875}, TestMachine.read(bias));
            assertThrows(IllegalArgumentException.class,
                    () -> machine.ops.routing().selectRoundRobin(TestMachine.STREAM, gate, 2, ids));
        }
    }
}
