package io.moe4j.tests.contract.ops;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The definition of the gate for the scores of one token. */
record GateDefinition(Gate gate, int experts) {

    Approx[] scores(double[] logits) {
        if (gate.score() == Score.SIGMOID) {
            return Arrays.stream(Approx.exact(logits)).map(Approx::sigmoid).toArray(Approx[]::new);
        }
        Approx top = Approx.exact(Arrays.stream(logits).max().orElseThrow());
        Approx[] powers = Arrays.stream(Approx.exact(logits)).map(x -> x.minus(top).exp()).toArray(Approx[]::new);
        Sum sum = new Sum();
        List.of(powers).forEach(sum::add);
        Approx total = sum.result();
        return Arrays.stream(powers).map(power -> power.over(total)).toArray(Approx[]::new);
    }

    /**
     * The best experts of the best groups. The sums of scores and biases, and of a group's two best, are computed in fp32, which decides ties. NaN counts as
     * infinite.
     */
    int[] select(double[] scores, double[] bias) {
        float[] choice = new float[experts];
        for (int e = 0; e < experts; e++) {
            float sum = (float) scores[e] + (float) bias[e];
            choice[e] = Float.isNaN(sum) ? Float.POSITIVE_INFINITY : sum;
        }
        int size = experts / gate.groups();
        float[] value = new float[gate.groups()];
        for (int g = 0; g < value.length; g++) {
            float[] top = Arrays.copyOfRange(choice, g * size, (g + 1) * size);
            Arrays.sort(top);
            value[g] = size == 1 || gate.groupValue() == GroupValue.LARGEST ? top[size - 1]
                    : top[size - 1] + top[size - 2];
        }
        List<Integer> kept = best(value, gate.groups()).limit(gate.keptGroups()).boxed().toList();
        return best(choice, experts).filter(e -> kept.contains(e / size)).limit(gate.topK()).toArray();
    }

    private static IntStream best(float[] values, int count) {
        return IntStream.range(0, count).boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> -values[i]).thenComparing(i -> i))
                .mapToInt(i -> i);
    }

    private Approx divisor(double[] scores, int[] ids) {
        if (!gate.normalise()) {
            return Approx.exact(1);
        }
        Sum sum = new Sum();
        for (int id : ids) {
            sum.add(scores[id]);
        }
        return sum.result().plus(1e-20);
    }

    Approx[] weights(double[] scores, int... ids) {
        Approx divisor = divisor(scores, ids);
        return Arrays.stream(ids).mapToObj(id -> Approx.exact(scores[id]).times(gate.scale()).over(divisor))
                .toArray(Approx[]::new);
    }

    /**
     * With S the divisor: ds = scale (dw − [normalised] Σ dw s / S) / S for the chosen, 0 for others; softmax: s (ds − Σ ds s), sigmoid: ds s (1 − s).
     */
    Approx[] gradient(double[] scores, double[] dweights, int... ids) {
        Approx divisor = divisor(scores, ids);
        Sum shared = new Sum();
        for (int k = 0; k < ids.length; k++) {
            shared.addProduct(dweights[k], scores[ids[k]]);
        }
        Approx[] ds = new Approx[experts];
        Arrays.fill(ds, Approx.exact(0));
        Sum inner = new Sum();
        for (int k = 0; k < ids.length; k++) {
            Approx dw = Approx.exact(dweights[k]);
            Approx own = gate.normalise() ? dw.minus(shared.result().over(divisor)) : dw;
            ds[ids[k]] = own.times(gate.scale()).over(divisor);
            inner.add(ds[ids[k]].times(scores[ids[k]]));
        }
        Approx[] gradient = new Approx[experts];
        for (int e = 0; e < experts; e++) {
            Approx s = Approx.exact(scores[e]);
            gradient[e] = gate.score() == Score.SOFTMAX ? ds[e].minus(inner.result()).times(s)
                    : ds[e].times(s).times(Approx.exact(1).minus(s));
        }
        return gradient;
    }
}
