package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Counts of sources against their weights, at every place. */
class MixtureTest {

    @Test
    void everyPrefixHasTheWeights() {
        long seed = 11;
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            int sources = 2 + random.nextInt(9);
            double[] weights = random.doubles(sources).map(each -> Math.pow(10, -4 * each)).toArray();
            requireBound(weights, new Mixture(weights, new long[sources]), 2000, "seed " + seed + ", round " + round);
        }
    }

    @Test
    void theBoundHoldsAfterASourceIsUsedUp() {
        double[] weights = {3, 1, 2, 0.5};
        Mixture mixture = new Mixture(weights, new long[4]);
        requireBound(weights, mixture, 777, "all");
        mixture.end(2);
        requireBound(new double[] {3, 1, 0, 0.5}, mixture, 1000, "without one");
        mixture.end(0);
        mixture.end(1);
        assertEquals(3, mixture.choose());
        mixture.end(3);
        assertTrue(mixture.isUsedUp());
    }

    @Test
    void goingOnIsTheSameAsNotStopping() {
        double[] weights = {0.6, 0.3, 0.1};
        Mixture through = new Mixture(weights, new long[3]);
        Mixture parts = new Mixture(weights, new long[3]);
        for (int i = 0; i < 500; i++) {
            int chosen = through.choose();
            through.take(chosen, 1);
            assertEquals(chosen, parts.choose(), "place " + i);
            parts.take(chosen, 1);
            parts = new Mixture(weights, new long[] {parts.taken(0), parts.taken(1), parts.taken(2)});
        }
    }

    private static void requireBound(double[] weights, Mixture mixture, int count, String where) {
        double sum = Arrays.stream(weights).sum();
        long present = Arrays.stream(weights).filter(weight -> weight > 0).count();
        double bound = 1 - 1.0 / (2 * present - 2) + 1e-9;
        long[] taken = new long[weights.length];
        for (int n = 1; n <= count; n++) {
            int chosen = mixture.choose();
            mixture.take(chosen, 1);
            taken[chosen]++;
            for (int i = 0; i < weights.length; i++) {
                double off = Math.abs(taken[i] - n * weights[i] / sum);
                assertTrue(off <= bound, where + ": after " + n + " sequences, source " + i + " is off by " + off);
            }
        }
    }
}
