package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.OperationGraph;
import io.moe4j.autograd.OperationProfile;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether a budget is spent on results of operations, or on parameters in the compute type. */
final class RecomputePlannerTest {
    /** Of the two results that can be kept. */
    private static final long BYTES = 100;
    /** Of computing one of them again. */
    private static final double COST = 1000;
    private static final long CONVERTED = 150;

    /** Two operations whose results backward reads. */
    private static final List<SegmentProfile> SEGMENTS = List.of(new SegmentProfile("block", List.of(
            new OperationProfile(Optional.of("a"), BYTES, COST, node(OperationGraph.OUTSIDE)),
            new OperationProfile(Optional.of("b"), BYTES, COST, node(0)),
            new OperationProfile(Optional.empty(), 0, 0, node(1))), 2));

    private static OperationGraph.Node node(int input) {
        return new OperationGraph.Node(List.of(input), List.of(true), false, false);
    }

    private static RecomputePlanner planner(double saved, int microbatches, int alive) {
        return new RecomputePlanner(new InOrder(), SEGMENTS,
                List.of(new KeptParameters(new ParameterBytes(CONVERTED, 0), saved)), microbatches, alive);
    }

    /** 150 bytes hold one result, which saves 1000 in each microbatch, or the parameters; 250 hold two results, or one and the parameters. */
    @ParameterizedTest
    @CsvSource({"149, 9999, 1, 0, 100", "150, 1000, 1, 0, 100", "150, 1001, 1, 150, 0", "150, 1001, 2, 0, 100",
            "150, 2001, 2, 150, 0", "250, 1001, 1, 150, 100", "250, 1000, 1, 0, 200", "349, 1000, 1, 0, 200",
            "350, 1, 1, 150, 200", "350, 0, 1, 0, 200", "99, 9999, 1, 0, 0"})
    void whatSavesMoreIsKept(long budget, double saved, int microbatches, long converted, long kept) {
        RecomputePlan plan = planner(saved, microbatches, 1).within(budget);
        assertEquals(converted, plan.parameters().converted());
        assertEquals(kept, plan.keptBytes());
        assertEquals(converted + kept, plan.usedBytes());
        assertEquals(budget, plan.budgetBytes());
        assertEquals((2 - kept / BYTES) * COST, plan.repeatedCost());
        assertEquals(converted > 0, plan.lines().stream().anyMatch(line -> line.equals(
                "0.1 KiB of parameters in training.dtype are kept beside those in training.parameter_dtype")));
    }

    /** Two microbatches that are alive at once keep their results apart, and use the same parameters. */
    @Test
    void parametersAreKeptOnce() {
        RecomputePlan plan = planner(2001, 2, 2).within(CONVERTED + 2 * BYTES + 1);
        assertEquals(CONVERTED, plan.parameters().converted());
        assertEquals(BYTES, plan.keptBytes());
        assertTrue(2 * plan.keptBytes() + plan.parameters().converted() <= 2 * plan.budgetBytes());
    }

    /** Of 100 bytes of results, 150 that are converted and 60 that stay gathered, what saves most within the budget is kept. */
    @ParameterizedTest
    @CsvSource({"59, 0, 0, 0", "60, 0, 60, 0", "100, 0, 0, 100", "150, 150, 0, 0", "160, 0, 60, 100", "210, 150, 60, 0",
            "260, 0, 60, 200", "309, 0, 60, 200", "310, 150, 60, 100", "410, 150, 60, 200"})
    void twoKindsOfParametersCompete(long budget, long converted, long gathered, long kept) {
        RecomputePlanner planner = new RecomputePlanner(new InOrder(), SEGMENTS,
                List.of(new KeptParameters(new ParameterBytes(CONVERTED, 0), 1500),
                        new KeptParameters(new ParameterBytes(0, 60), 900)),
                1, 1);
        RecomputePlan plan = planner.within(budget);
        assertEquals(new ParameterBytes(converted, gathered), plan.parameters());
        assertEquals(kept, plan.keptBytes());
        assertEquals(gathered > 0, plan.lines().stream()
                .anyMatch(line -> line.equals("0.1 KiB of parameters stay gathered until the step ends")));
    }

    /** Keeps the first results that fit. */
    private static final class InOrder implements RecomputePolicyProvider {

        @Override
        public KeptChoice choose(List<SegmentProfile> segments, long bytes) {
            return new KeptChoice(Map.of("block",
                    bytes < BYTES ? Set.of() : bytes < 2 * BYTES ? Set.of("a") : Set.of("a", "b")));
        }

        @Override
        public boolean takesBudget() {
            return true;
        }

        @Override
        public boolean recomputesFully() {
            return true;
        }

        @Override
        public RecomputePolicy policy() {
            throw new UnsupportedOperationException("nothing runs here");
        }

        @Override
        public String id() {
            return "in order";
        }

        @Override
        public String spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public String description() {
            return "keeps the first results";
        }

        @Override
        public Availability probe() {
            return Availability.available();
        }
    }
}
