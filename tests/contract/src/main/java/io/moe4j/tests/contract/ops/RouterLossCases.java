package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.F32;
import static io.moe4j.api.tensor.DType.I32;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Losses;
import io.moe4j.api.ops.RoutingOps.Score;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The definition of the router's auxiliary losses.
 *
 * @param sequences B
 * @param sequence S
 * @param experts E
 */
record RouterLossCases(int sequences, int sequence, int experts, int topK, Score score) {
    private static final float BALANCE = 0.01f;
    private static final float Z = 0.003f;

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Score score : Score.values()) {
            Stream.of(new RouterLossCases(1, 1, 1, 1, score), new RouterLossCases(0, 4, 8, 2, score),
                    new RouterLossCases(3, 20, 8, 3, score), new RouterLossCases(2, 65, 160, 6, score),
                    new RouterLossCases(5, 7, 256, 8, score), new RouterLossCases(40, 33, 64, 6, score))
                    .forEach(shape -> shape.addTo(cases));
        }
        return cases;
    }

    private void addTo(List<OpCase> cases) {
        String what = " of " + sequences + " x " + sequence + " tokens, " + experts + " experts, top " + topK + " "
                + score;
        cases.add(new OpCase("counts by sequence" + what, this::counts));
        cases.add(new OpCase("losses of routing" + what, this::losses));
        cases.add(new OpCase("losses of routing, gradient" + what, this::backward));
    }

    private int tokens() {
        return sequences * sequence;
    }

    private Losses arguments() {
        return Losses.of(score, topK, sequence);
    }

    /** Each token selects neighbours, so that no expert is selected twice; the first experts more often. */
    private int[] ids() {
        Random random = new Random(11);
        return IntStream.range(0, tokens()).flatMap(t -> {
            int one = random.nextInt(experts);
            int first = Math.min(one, random.nextInt(experts));
            return IntStream.range(0, topK).map(k -> (first + k) % experts);
        }).toArray();
    }

    private int[] countsOf(int... ids) {
        int[] counts = new int[sequences * experts];
        for (int n = 0; n < ids.length; n++) {
            counts[n / topK / sequence * experts + ids[n]]++;
        }
        return counts;
    }

    private OpCall counts(OpBench bench) {
        Operand ids = bench.ints(ids(), tokens(), topK);
        Operand counts = bench.blank(I32, Layout.DENSE, sequences, experts);
        return new OpCall(() -> bench.ops().routing().countBySequence(bench.stream(), ids.tensor(), counts.tensor()),
                List.of(counts), () -> List.of(Expected.same("counts", counts,
                        Arrays.stream(countsOf(ids())).asDoubleStream().toArray())));
    }

    private Operand logits(OpBench bench) {
        return bench.of(F32, Layout.DENSE, DoubleElements.random(F32, (long) tokens() * experts, 3, 1), tokens(),
                experts);
    }

    private OpCall losses(OpBench bench) {
        Operand logits = logits(bench);
        Operand counts = bench.ints(countsOf(ids()), sequences, experts);
        Operand terms = bench.blank(F32, Layout.DENSE, 2, tokens());
        Operand sums = bench.of(F32, Layout.DENSE, new double[] {2, 3}, 2);
        return new OpCall(() -> bench.ops().routing().losses(bench.stream(), arguments(), logits.tensor(),
                counts.tensor(), terms.tensor(), sums.tensor()), List.of(terms, sums), () -> {
                    int[] given = countsOf(ids());
                    Sum balance = new Sum();
                    Sum z = new Sum();
                    Approx[] each = new Approx[2 * tokens()];
                    for (int t = 0; t < tokens(); t++) {
                        Token token = new Token(logits.values(), t, given);
                        each[t] = token.term();
                        each[tokens() + t] = token.logarithm().times(token.logarithm());
                        balance.add(each[t]);
                        z.add(each[tokens() + t]);
                    }
                    return List.of(Expected.close("terms", terms, each), Expected.close("sums", sums,
                            new Approx[] {balance.result().plus(2), z.result().plus(3)}));
                });
    }

    private OpCall backward(OpBench bench) {
        Operand logits = logits(bench);
        Operand counts = bench.ints(countsOf(ids()), sequences, experts);
        Operand dlogits = bench.blank(F32, Layout.DENSE, tokens(), experts);
        return new OpCall(() -> bench.ops().routing().lossesBackward(bench.stream(), arguments(), logits.tensor(),
                counts.tensor(), BALANCE, Z, dlogits.tensor()), List.of(dlogits), () -> {
                    int[] given = countsOf(ids());
                    Approx[] all = IntStream.range(0, tokens())
                            .mapToObj(t -> new Token(logits.values(), t, given))
                            .flatMap(token -> Arrays.stream(token.gradient()))
                            .toArray(Approx[]::new);
                    return List.of(Expected.close("dlogits", dlogits, all));
                });
    }

    /** One token. */
    private final class Token {
        private final double[] logits;
        private final Approx[] scores;
        private final Approx[] fractions;
        private final Approx sum;

        /** @param counts of all sequences */
        Token(double[] all, int t, int... counts) {
            logits = Arrays.copyOfRange(all, t * experts, (t + 1) * experts);
            scores = new GateDefinition(Gate.of(score, topK), experts).scores(logits);
            fractions = IntStream.range(0, experts)
                    .mapToObj(e -> Approx.exact((double) experts / (topK * sequence)).times(1)
                            .times(counts[t / sequence * experts + e]))
                    .toArray(Approx[]::new);
            Sum total = new Sum();
            List.of(scores).forEach(total::add);
            sum = total.result().plus(1e-20);
        }

        Approx term() {
            Sum term = new Sum();
            for (int e = 0; e < experts; e++) {
                term.add(fractions[e].times(scores[e].over(sum)));
            }
            return term.result();
        }

        Approx logarithm() {
            double top = Arrays.stream(logits).max().orElseThrow();
            Sum powers = new Sum();
            for (double logit : logits) {
                powers.add(Approx.exact(logit).minus(Approx.exact(top)).exp());
            }
            return powers.result().log().plus(top);
        }

        Approx[] gradient() {
            Approx[] softmax = new GateDefinition(Gate.of(Score.SOFTMAX, topK), experts).scores(logits);
            Approx term = term();
            Approx twice = logarithm().times(2);
            Approx[] gradient = new Approx[experts];
            for (int e = 0; e < experts; e++) {
                Approx derivative = score == Score.SOFTMAX ? scores[e]
                        : scores[e].times(Approx.exact(1).minus(scores[e]));
                gradient[e] = fractions[e].minus(term).over(sum).times(derivative).times(BALANCE)
                        .plus(twice.times(softmax[e]).times(Z));
            }
            return gradient;
        }
    }
}
