package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.RecomputePlan;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With any budget for what is kept from forward to backward, a run has the same bits, and needs the memory that was planned. */
final class BudgetTest {
    private static final long SEED = 19;
    private static final List<String> KEPT = List.of("kept results of operations", "kept expert rows");
    private static final Set<String> EXPERTS = Set.of("experts.inputs", "experts.gate_up", "experts.hidden");
    private static final String CONVERTED = "converted parameters";
    private static final double GIB = 1L << 30;

    /**
     * Losses and gradient norms of two steps, bit for bit, under random budgets from nothing to everything, also where an exchange takes several rounds. Some
     * of these budgets keep what the experts compute, or receive, without keeping everything; in bfloat16, some keep converted parameters too.
     */
    @ParameterizedTest
    @CsvSource({"false, ''", "false, training.gradient_accumulation_steps=3 graph_capture.enable=false",
            "false, training.dtype=bfloat16 runtime.strict=true training.gradient_accumulation_steps=2 moe.receive_capacity=0.4",
            "false, model.moe_comm_backend=standard graph_capture.enable=false",
            "true, training.dtype=bfloat16 moe.receive_capacity=1.25 training.gradient_accumulation_steps=2",
            "true, moe.receive_capacity=0.6 model.moe_comm_backend=standard graph_capture.enable=false"})
    void aBudgetDoesNotShow(boolean qwen, String overrides) {
        UnaryOperator<ModelSpec> family = qwen ? Tiny::qwen : UnaryOperator.identity();
        List<Double> full;
        try (TrainingRun run = open(family, overrides, "activation_checkpoint.mode=full")) {
            full = bits(run, overrides.contains("receive_capacity=0."));
        }
        boolean converts = overrides.contains("bfloat16");
        long most;
        try (TrainingRun run = open(family, overrides, "activation_checkpoint.mode=budget",
                "activation_checkpoint.memory_budget=1")) {
            most = plan(run).usedBytes();
            assertEquals(converts, plan(run).parameters().converted() > 0, () -> plan(run).lines().toString());
            assertTrue(plan(run).repeatedShare() < 0.5, () -> plan(run).lines().toString());
            assertTrue(kept(run).containsAll(EXPERTS), () -> plan(run).lines().toString());
            assertEquals(full, bits(run), "everything is kept");
        }
        Random random = new Random(SEED);
        Set<String> partly = new HashSet<>();
        boolean partlyConverted = false;
        for (int i = 0; i < 3; i++) {
            // The experts' rows are kept last: most of these budgets are such that they are, in some blocks.
            double budget = (i == 0 ? random.nextDouble() : 0.9 + 0.1 * random.nextDouble()) * most / GIB;
            try (TrainingRun run = open(family, overrides, "activation_checkpoint.mode=budget",
                    "activation_checkpoint.memory_budget=" + budget)) {
                assertTrue(plan(run).usedBytes() <= budget * GIB, () -> plan(run).lines().toString());
                assertEquals(full, bits(run),
                        () -> "seed " + SEED + ", budget " + budget + " GiB: " + plan(run).lines());
                partly.addAll(kept(run));
                partlyConverted |= plan(run).parameters().converted() > 0;
            }
        }
        assertEquals(converts, partlyConverted);
        assertTrue(partly.containsAll(EXPERTS), () -> "seed " + SEED + " keeps " + partly);
    }

    /** Two microbatches that are alive at once keep their rows apart, and the memory for both is planned. */
    @Test
    void microbatchesThatAreAliveAtOnceKeepTheirOwn() {
        String[] four = {"training.gradient_accumulation_steps=4", "training.local_batch_size=1", "training.steps=2",
                "training.dtype=bfloat16"};
        List<Double> full;
        try (TrainingRun run = Tiny.open(new TwoAlive(), four)) {
            full = bits(run);
        }
        List<String> kept = new ArrayList<>(List.of(four));
        kept.addAll(List.of("activation_checkpoint.mode=budget", "activation_checkpoint.memory_budget=1"));
        long ofOne;
        try (TrainingRun run = Tiny.open(kept.toArray(String[]::new))) {
            ofOne = run.session().memoryPlan().byPurpose().get(KEPT.getLast());
            assertEquals(2, plan(run).keptDispatches(), "blocks with experts");
        }
        try (TrainingRun run = Tiny.open(new TwoAlive(), kept.toArray(String[]::new))) {
            assertTrue(kept(run).containsAll(EXPERTS), () -> plan(run).lines().toString());
            assertEquals(2 * ofOne, run.session().memoryPlan().byPurpose().get(KEPT.getLast()));
            assertEquals(full, bits(run));
        }
    }

    /** A budget of 0 needs the memory of full recompute, to the byte; a larger one adds its size, within the alignment of its blocks. */
    @Test
    void memoryIsThatOfFullRecomputeAndWhatIsKept() {
        MemoryPlan full;
        try (TrainingRun run = open(UnaryOperator.identity(), "", "activation_checkpoint.mode=full")) {
            full = run.session().memoryPlan();
        }
        try (TrainingRun run = open(UnaryOperator.identity(), "", "activation_checkpoint.mode=budget",
                "activation_checkpoint.memory_budget=0")) {
            assertEquals(full, run.session().memoryPlan());
            assertEquals(0, plan(run).keptBytes());
        }
        try (TrainingRun run = open(UnaryOperator.identity(), "", "activation_checkpoint.mode=budget",
                "activation_checkpoint.memory_budget=1")) {
            MemoryPlan plan = run.session().memoryPlan();
            long kept = plan(run).keptBytes();
            assertEquals(kept, KEPT.stream().mapToLong(plan.byPurpose()::get).sum(), 0.02 * kept);
            assertTrue(plan.totalBytes() <= full.totalBytes() + kept, plan + " beside " + full);
            long allocated = run.session().devices().get(0).allocatedBytes().values().stream()
                    .mapToLong(Long::longValue).sum();
            assertEquals(4 * plan.totalBytes(), allocated, 0.02 * allocated);
        }
    }

    /** Of a budget that is a byte too small for them, nothing goes to converted parameters; those that are kept are planned, and a part of the budget. */
    @Test
    void convertedParametersAreAPartOfTheBudget() {
        String[] bf16 = {"training.dtype=bfloat16", "activation_checkpoint.mode=budget"};
        MemoryPlan nothing;
        try (TrainingRun run = open(UnaryOperator.identity(), "activation_checkpoint.memory_budget=0", bf16)) {
            nothing = run.session().memoryPlan();
        }
        long converted;
        try (TrainingRun run = open(UnaryOperator.identity(), "activation_checkpoint.memory_budget=1", bf16)) {
            MemoryPlan plan = run.session().memoryPlan();
            converted = plan(run).parameters().converted();
            assertEquals(converted, plan.allocated().get(CONVERTED));
            long kept = plan(run).keptBytes();
            assertEquals(kept, KEPT.stream().mapToLong(plan.byPurpose()::get).sum(), 0.02 * kept);
            assertTrue(plan.totalBytes() <= nothing.totalBytes() + kept + converted, plan + " beside " + nothing);
            Map<String, Long> allocated = run.session().devices().get(0).allocatedBytes();
            assertEquals(4 * converted, allocated.get(CONVERTED));
            long all = allocated.values().stream().mapToLong(Long::longValue).sum();
            assertEquals(4 * plan.totalBytes(), all, 0.02 * all);
        }
        try (TrainingRun run = open(UnaryOperator.identity(),
                "activation_checkpoint.memory_budget=" + (converted - 1) / GIB, bf16)) {
            assertEquals(0, plan(run).parameters().converted());
            assertFalse(run.session().devices().get(0).allocatedBytes().containsKey(CONVERTED));
        }
    }

    /** The rounds of an exchange after the first compute gate and up again, whatever is kept, and the plan says so. */
    @Test
    void roundsComputeTheirHiddenRowsAgain() {
        String[] kept = {"activation_checkpoint.mode=budget", "activation_checkpoint.memory_budget=1"};
        double ofOneRound;
        try (TrainingRun run = open(UnaryOperator.identity(), "", kept)) {
            ofOneRound = plan(run).repeatedShare();
        }
        try (TrainingRun run = open(UnaryOperator.identity(), "moe.receive_capacity=0.5", kept)) {
            RecomputePlan plan = plan(run);
            assertTrue(plan.repeatedShare() > ofOneRound + 0.1, () -> plan.lines() + " beside " + ofOneRound);
            assertTrue(plan.repeatedShare() < 0.5, () -> plan.lines().toString());
        }
    }

    /** On a machine with room for it, {@code auto} keeps everything; all ranks come to one choice. */
    @Test
    void autoTakesWhatTheDeviceHas() {
        try (TrainingRun run = open(UnaryOperator.identity(), "", "activation_checkpoint.mode=budget")) {
            RecomputePlan plan = plan(run);
            assertTrue(plan.budgetBytes() > plan.keptBytes() && plan.keptBytes() > 0, plan.lines().toString());
            List<String> lines = plan.lines();
            assertTrue(lines.getFirst().contains("of the blocks' forward is computed again"), lines.toString());
            assertEquals(4, lines.size(), "a summary, parameters, the dense block and the two with experts: " + lines);
        }
    }

    private static TrainingRun open(UnaryOperator<ModelSpec> family, String overrides, String... more) {
        List<String> all = new ArrayList<>(List.of("training.steps=2", "training.local_batch_size=1"));
        all.addAll(List.of(Tiny.words(overrides)));
        all.addAll(List.of(more));
        return Tiny.openOther(family, all.toArray(String[]::new));
    }

    private static Set<String> kept(TrainingRun run) {
        return plan(run).blocks().stream().flatMap(blocks -> blocks.kept().stream()).collect(Collectors.toSet());
    }

    private static RecomputePlan plan(TrainingRun run) {
        return run.session().recomputePlan().orElseThrow();
    }

    private static List<Double> bits(TrainingRun run) {
        return bits(run, false);
    }

    private static List<Double> bits(TrainingRun run, boolean inRounds) {
        List<Double> bits = new ArrayList<>();
        for (StepResult step : Tiny.steps(run)) {
            assertTrue(!inRounds || step.rounds().most() > 1, "an exchange takes several rounds");
            bits.add(step.loss());
            bits.add(step.gradientNorm());
        }
        assertTrue(bits.stream().allMatch(Double::isFinite), bits.toString());
        return bits;
    }
}
