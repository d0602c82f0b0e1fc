package io.moe4j.trainer.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final long SEED = 5;

    @Test
    void greedyTakesTheFirstOfTheBest() {
        Sampler greedy = new Sampler(Sampling.greedy());
        assertEquals(1, greedy.choose(new float[] {0, 3, 3, -1}, 0));
        assertEquals(0, greedy.choose(new float[] {-2, -2}, 7));
    }

    /** Probabilities 0.5, 0.3, 0.15 and 0.05, in another order of ids. */
    @ParameterizedTest
    @CsvSource({"0.05, 2", "0.5, 2", "0.51, 2 0", "0.79, 2 0", "0.81, 2 0 3", "0.96, 2 0 3 1", "1, 2 0 3 1"})
    void topPKeepsTheFewestThatReachIt(double topP, String expected) {
        float[] logits = logs(0.3, 0.05, 0.5, 0.15);
        Set<Integer> drawn = drawn(logits, Sampling.random(SEED).withTopP(topP), 3000);
        assertEquals(new TreeSet<>(Arrays.stream(expected.split(" ")).map(Integer::valueOf).toList()), drawn);
    }

    /** Of equal tokens, those with the lowest ids are kept. */
    @Test
    void tiesAreKeptInTheOrderOfTheirIds() {
        assertEquals(Set.of(0, 1), drawn(new float[4], Sampling.random(SEED).withTopP(0.5), 300));
    }

    /** The number of draws of a token is within 5 deviations of a binomial's: wrong once in two million. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1, 2})
    void tokensAreDrawnInProportion(double temperature) {
        double[] probabilities = {0.3, 0.05, 0.5, 0.15};
        double[] tempered = Arrays.stream(probabilities).map(p -> Math.pow(p, 1 / temperature)).toArray();
        double sum = Arrays.stream(tempered).sum();
        Sampler sampler = new Sampler(Sampling.random(SEED).withTemperature(temperature));
        int draws = 20_000;
        int[] counts = new int[probabilities.length];
        for (int position = 0; position < draws; position++) {
            counts[sampler.choose(logs(probabilities), position)]++;
        }
        for (int i = 0; i < counts.length; i++) {
            double p = tempered[i] / sum;
            assertEquals(draws * p, counts[i], 5 * Math.sqrt(draws * p * (1 - p)), "token " + i);
        }
    }

    @Test
    void seedAndPositionDecideAlone() {
        float[] logits = logs(0.3, 0.05, 0.5, 0.15);
        List<Integer> first = sequence(logits, SEED);
        assertEquals(first, sequence(logits, SEED));
        assertTrue(IntStream.range(0, 20).mapToObj(seed -> sequence(logits, seed)).distinct().count() > 15);
    }

    @Test
    void theHeapSortsLikeASort() {
        Random random = new Random(SEED);
        for (int round = 0; round < 50; round++) {
            int size = 1 + random.nextInt(60);
            double[] weights = random.ints(size, 0, 9).asDoubleStream().toArray();
            List<Integer> expected = new ArrayList<>(IntStream.range(0, size).boxed().toList());
            expected.sort(Comparator.comparingDouble((Integer i) -> -weights[i]).thenComparing(i -> i));
            Descending order = new Descending(weights);
            assertEquals(expected, IntStream.range(0, size).mapToObj(order::get).toList());
        }
    }

    @Test
    void logarithmsOfProbabilitiesAddUp() {
        float[] logits = {1000, 999, 3};
        assertEquals(Math.log(1 / (1 + Math.exp(-1))), Sampler.logProbability(logits, 0), 1e-12);
        assertEquals(-1 + Math.log(1 / (1 + Math.exp(-1))), Sampler.logProbability(logits, 1), 1e-12);
    }

    @ParameterizedTest
    @CsvSource({"-0.1, 1, temperature -0.1", "NaN, 1, temperature NaN", "101, 1, temperature 101", "1, 0, top-p 0.0",
            "1, 1.1, top-p 1.1", "1, NaN, top-p NaN"})
    void badValuesAreRefused(double temperature, double topP, String message) {
        InputException e = assertThrows(InputException.class, () -> new Sampling(temperature, topP, 0));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }

    private static List<Integer> sequence(float[] logits, long seed) {
        Sampler sampler = new Sampler(Sampling.random(seed));
        return IntStream.range(0, 12).map(position -> sampler.choose(logits, position)).boxed().toList();
    }

    private static Set<Integer> drawn(float[] logits, Sampling sampling, int draws) {
        Sampler sampler = new Sampler(sampling);
        Set<Integer> drawn = new TreeSet<>();
        for (int position = 0; position < draws; position++) {
            drawn.add(sampler.choose(logits, position));
        }
        return drawn;
    }

    private static float[] logs(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(probabilities[i]) + 3;
        }
        return logits;
    }
}
