package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.LossOps;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * A sequence of two documents, which a model keeps apart. The bound is 1e-4 of the largest value, for fp32 sums of some hundred terms in another order,
 * through a few layers.
 *
 * @param policies recompute policies to try
 * @param opening opens the model with a policy, on a text
 */
record TwoDocuments(ModelSpec spec, List<RecomputePolicyProvider> policies,
        BiFunction<RecomputePolicyProvider, OpenModel.Given, OpenModel> opening) {
    /** Number of tokens of the first document. */
    private static final int BOUNDARY = 5;

    void areLikeSequencesOfTheirOwn() {
        OpenModel.Given both = OpenModel.Given.random(spec);
        int vocabulary = Math.toIntExact(spec.vocabulary());
        for (RecomputePolicyProvider policy : policies) {
            try (OpenModel packed = opening.apply(policy, both);
                    OpenModel first = opening.apply(policy, both.part(0, BOUNDARY));
                    OpenModel second = opening.apply(policy, both.part(BOUNDARY, OpenModel.TOKENS))) {
                packed.keepApart(starts());
                double[] logits = packed.logits(vocabulary);
                near("logits of the first document", first.logits(vocabulary),
                        Arrays.copyOf(logits, BOUNDARY * vocabulary));
                near("logits of the second document", second.logits(vocabulary),
                        Arrays.copyOfRange(logits, BOUNDARY * vocabulary, logits.length));
                near("loss", new double[] {first.forwardBackward() + second.forwardBackward()},
                        new double[] {packed.forwardBackward()});
                List<double[]> gradients = packed.gradients();
                for (int unit = 0; unit < gradients.size(); unit++) {
                    double[] sum = first.gradients().get(unit);
                    double[] other = second.gradients().get(unit);
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += other[i];
                    }
                    near("gradients of " + packed.model().units().get(unit).name(), sum, gradients.get(unit));
                }
            }
        }
    }

    void anEarlierOneDoesNotShow() {
        OpenModel.Given one = OpenModel.Given.random(spec);
        Arrays.fill(one.labels(), 0, BOUNDARY, LossOps.IGNORED_LABEL);
        OpenModel.Given other = new OpenModel.Given(one.sequence(), one.ids().clone(), one.labels());
        for (int t = 0; t < BOUNDARY; t++) {
            other.ids()[t] = Math.toIntExact((other.ids()[t] + 1 + t) % spec.vocabulary());
        }
        int vocabulary = Math.toIntExact(spec.vocabulary());
        try (OpenModel a = opening.apply(policies.getFirst(), one);
                OpenModel b = opening.apply(policies.getFirst(), other)) {
            double across = distance(later(a.logits(vocabulary)), later(b.logits(vocabulary)));
            assertTrue(across > 1e-3, () -> "without a boundary, logits change by " + across + " only");
            a.keepApart(starts());
            b.keepApart(starts());
            near("logits of the later document", later(a.logits(vocabulary)), later(b.logits(vocabulary)));
            near("loss", new double[] {a.forwardBackward()}, new double[] {b.forwardBackward()});
            for (int unit = 0; unit < a.gradients().size(); unit++) {
                near("gradients of " + a.model().units().get(unit).name(), a.gradients().get(unit),
                        b.gradients().get(unit));
            }
        }
    }

    /** A boundary at place {@link #BOUNDARY}. */
    private static int[] starts() {
        int[] starts = new int[OpenModel.TOKENS];
        Arrays.fill(starts, BOUNDARY, starts.length, BOUNDARY);
        return starts;
    }

    private static double[] later(double[] logits) {
        return Arrays.copyOfRange(logits, logits.length / OpenModel.TOKENS * BOUNDARY, logits.length);
    }

    private static void near(String what, double[] expected, double[] actual) {
        assertEquals(expected.length, actual.length, what);
        double distance = distance(expected, actual);
        assertTrue(distance <= 1e-4, () -> what + " differ by " + distance + " of the largest");
    }

    /** The largest difference, relative to the largest value; NaN if a value is NaN. */
    private static double distance(double[] expected, double[] actual) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        double difference = IntStream.range(0, expected.length).mapToDouble(i -> Math.abs(expected[i] - actual[i]))
                .max()
                .orElse(0);
        return difference == 0 ? 0 : difference / largest;
    }
}
