package io.moe4j.activationcheckpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.OperationGraph;
import io.moe4j.autograd.OperationProfile;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.recompute.KeptChoice;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is chosen within a budget, given bytes, costs, and what reads what. */
class BudgetSelectionTest {
    private static final long SEED = 5;
    private static final int OUTSIDE = OperationGraph.OUTSIDE;

    private static OperationProfile operation(String key, long bytes, double cost, boolean needsForward,
            Integer... inputs) {
        return new OperationProfile(Optional.of(key), bytes, cost, new OperationGraph.Node(List.of(inputs),
                List.of(inputs).stream().map(input -> true).toList(), needsForward, false));
    }

    /** norm → product → attention → (add, whose result nothing reads): 10 + 20 + 30 to compute again, in 4 + 8 + 2 bytes. */
    private static SegmentProfile block(String name) {
        OperationProfile add = new OperationProfile(Optional.of("add"), 4, 5,
                new OperationGraph.Node(List.of(2), List.of(false), false, false));
        return new SegmentProfile(name, List.of(operation("norm", 4, 10, true, OUTSIDE),
                operation("product", 8, 20, false, 0), operation("attention", 2, 30, true, 1), add), 3);
    }

    private static long bytes(List<SegmentProfile> segments, KeptChoice choice) {
        return segments.stream().mapToLong(segment -> segment.bytes(choice.of(segment.name()))).sum();
    }

    private static double repeated(List<SegmentProfile> segments, KeptChoice choice) {
        return segments.stream().mapToDouble(segment -> segment.repeatedCost(choice.of(segment.name()))).sum();
    }

    @Test
    void whatSavesMostForAByteComesFirst() {
        List<SegmentProfile> one = List.of(block("a"));
        assertEquals(Set.of(), BudgetSelection.choose(one, 0).of("a"));
        assertEquals(Set.of(), BudgetSelection.choose(one, 1).of("a"));
        assertEquals(Set.of("attention"), BudgetSelection.choose(one, 3).of("a"));
        assertEquals(Set.of("attention", "norm"), BudgetSelection.choose(one, 9).of("a"));
        assertEquals(Set.of("attention", "product"), BudgetSelection.choose(one, 13).of("a"));
        assertEquals(Set.of("attention", "norm", "product"), BudgetSelection.choose(one, 14).of("a"));
    }

    /** The sum that nothing reads is not kept, however much there is. */
    @Test
    void aHugeBudgetKeepsWhatBackwardReads() {
        List<SegmentProfile> two = List.of(block("a"), block("b"));
        KeptChoice choice = BudgetSelection.choose(two, Long.MAX_VALUE);
        assertEquals(Set.of("attention", "norm", "product"), choice.of("a"));
        assertEquals(choice.of("a"), choice.of("b"));
        assertEquals(0, repeated(two, choice));
    }

    @Test
    void blocksShareABudget() {
        List<SegmentProfile> three = List.of(block("a"), block("b"), block("c"));
        KeptChoice choice = BudgetSelection.choose(three, 6);
        three.forEach(segment -> assertEquals(Set.of("attention"), choice.of(segment.name())));
        assertEquals(4, bytes(three, BudgetSelection.choose(three, 5)), "two have room");
    }

    /** If both the product and its input are dropped, keeping one of them saves less than it costs, and keeping both saves everything. */
    @Test
    void neighboursAreJudgedTogether() {
        SegmentProfile chain = new SegmentProfile("a",
                List.of(operation("first", 10, 100, false, OUTSIDE), operation("second", 10, 1, false, 0),
                        operation("third", 10, 1, true, 1)),
                2);
        // third's backward reads second, second's reads first: each is needed for itself, and first is the dear one.
        assertEquals(Set.of("first"), BudgetSelection.choose(List.of(chain), 10).of("a"));
    }

    @Test
    void aNegativeBudgetIsRefused() {
        assertTrue(assertThrows(IllegalArgumentException.class,
                () -> BudgetSelection.choose(List.of(block("a")), -1)).getMessage().contains("-1 bytes"));
    }

    /**
     * Random blocks and budgets: the choice fits; a larger budget never computes more again; and what it computes again beside the best of all choices is
     * small: on average over these, which are the same each time, not more than 5%.
     */
    @Test
    void choicesFitAndAreNearTheBest() {
        Random random = new Random(SEED);
        double excess = 0;
        int cases = 200;
        for (int i = 0; i < cases; i++) {
            SegmentProfile segment = random(random, "block " + i);
            List<SegmentProfile> one = List.of(segment);
            double before = Double.POSITIVE_INFINITY;
            for (long budget : random.longs(8, 0, 120).sorted().toArray()) {
                KeptChoice choice = BudgetSelection.choose(one, budget);
                String what = "seed " + SEED + ", case " + i + ", budget " + budget + ": " + choice;
                assertTrue(bytes(one, choice) <= budget, what);
                double after = repeated(one, choice);
                assertTrue(after <= before, what + " computes " + after + " again, after " + before);
                before = after;
                excess += (after - best(segment, budget)) / segment.cost() / (8 * cases);
            }
        }
        double mean = excess;
        assertTrue(mean < 0.05, () -> "computes " + mean + " of forward more than the best choices, seed " + SEED);
    }

    private static double best(SegmentProfile segment, long budget) {
        List<String> keys = segment.operations().stream().flatMap(each -> each.key().stream()).toList();
        double best = Double.POSITIVE_INFINITY;
        for (int mask = 0; mask < 1 << keys.size(); mask++) {
            int chosen = mask;
            Set<String> kept = IntStream.range(0, keys.size()).filter(k -> (chosen >> k & 1) == 1)
                    .mapToObj(keys::get).collect(Collectors.toCollection(HashSet::new));
            if (segment.bytes(kept) <= budget) {
                best = Math.min(best, segment.repeatedCost(kept));
            }
        }
        return best;
    }

    private static SegmentProfile random(Random random, String name) {
        List<OperationProfile> operations = new ArrayList<>();
        int count = 3 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            List<Integer> inputs = new ArrayList<>();
            List<Boolean> read = new ArrayList<>();
            for (int k = 0; k <= random.nextInt(2); k++) {
                inputs.add(random.nextInt(i + 1) - 1);
                read.add(random.nextInt(3) > 0);
            }
            operations.add(new OperationProfile(Optional.of("op " + i), 1L + random.nextInt(30),
                    1 + random.nextInt(50), new OperationGraph.Node(inputs, read, random.nextInt(3) == 0, false)));
        }
        return new SegmentProfile(name, operations, count - 1);
    }
}
