package io.moe4j.trainer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.MemoryPlanner;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.Recompute;
import io.moe4j.trainer.session.SessionPurpose;
import io.moe4j.trainer.session.StepTraffic;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.Schedule;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CostPlanTest {
    private static final String DEBUG = "deepseek_v3_debugmodel_minimal_async_ep";
    private static final String STACK = "planned memory";

    private final Registry plugins = Plugins.load();

    private TrainerConfig config(String name, String... overrides) {
        return new ConfigLoader(plugins).load(name, Arguments.of(overrides).overrides(), ConfigUse.planning());
    }

    private static String[] ranks(int ranks, int expertRanks, String... more) {
        return Stream.concat(Stream.of("ranks=" + ranks, "parallelism.data_parallel_shard_degree=" + ranks,
                "parallelism.expert_parallel_degree=" + expertRanks), Stream.of(more)).toArray(String[]::new);
    }

    /**
     * Each purpose, and the stack, to the byte: also what the device takes for its own barriers and tables. Without checkpoints, because rank 0's copy has the
     * model's buffers too, and ranks must be equal here. Each value of a column is met, and each pair of backend and type, and of type and capacity.
     */
    @ParameterizedTest
    @CsvSource({"minimal_async_ep, full, float32, 0.6, 2", "standard, none, float32, worst_case, 1",
            "standard, full, bfloat16, worst_case, 0", "minimal_async_ep, budget, bfloat16, 0.6, 1"})
    void whatIsPlannedIsWhatIsAllocated(String backend, String recompute, String dtype, String capacity,
            int modules) {
        TrainerConfig config = config(DEBUG,
                ranks(2, 2, "model.moe_comm_backend=" + backend, "activation_checkpoint.mode=" + recompute,
                        "training.dtype=" + dtype, "moe.receive_capacity=" + capacity, "graph_capture.enable=false",
                        "training.local_batch_size=1", "training.seq_len=64", "checkpoint.enable=false",
                        "model.num_nextn_predict_layers=" + modules));
        MemoryPlan plan = CostPlan.of(config, plugins).rank().memory();
        ModelSpec spec = plugins.get(ModelProvider.class, "deepseek_v3").flavor("debugmodel")
                .withPredictionDepth(modules).withMoeCommBackend(backend);
        try (TrainingSession session = TrainingSession.open(config, spec, plugins,
                RankLaunch.threads(2, Duration.ofSeconds(30)))) {
            Device device = session.devices().get(0);
            Map<String, Long> allocated = new TreeMap<>(device.allocatedBytes());
            assertEquals(2 * plan.stackBytes(), allocated.remove(STACK));
            Map<String, Long> planned = new TreeMap<>(plan.allocated());
            planned.replaceAll((purpose, bytes) -> 2 * bytes);
            assertEquals(planned, allocated);
        }
    }

    /** Parameters that are kept in the compute type are a part of the budget, and of the plan of the rank that keeps them. */
    @Test
    void aBudgetKeepsConvertedParameters() {
        CostPlan plan = CostPlan.of(config(DEBUG, ranks(2, 2, "training.dtype=bfloat16", "training.local_batch_size=1",
                "activation_checkpoint.mode=budget", "activation_checkpoint.memory_budget=1")), plugins);
        BudgetPlan budget = plan.recompute().orElseThrow();
        long converted = plan.rank().memory().byPurpose().get("converted parameters");
        assertEquals(converted, budget.chosen().parameters().converted());
        assertTrue(plan.rank().memory().totalBytes() <= budget.neededBytes() + budget.chosen().usedBytes());
        assertEquals(0, budget.curve().getFirst().usedBytes());
        assertEquals(budget.chosen().usedBytes(), budget.curve().getLast().usedBytes());
        assertTrue(budget.curve().stream().allMatch(point -> point.usedBytes() <= point.budgetBytes()));
        String text = new CostReport(plan).text();
        assertTrue(
                text.contains(" of parameters in training.dtype are kept beside those in training.parameter_dtype\n"),
                text);
        assertTrue(text.contains("of it parameters, GiB"), text);
        Map<?, ?> json = (Map<?, ?>) Objects.requireNonNull(new CostReport(plan).json().get("recompute"));
        assertEquals(converted, json.get("converted_bytes"));
        long gathered = plan.rank().memory().byPurpose().get("parameters that stay gathered");
        assertEquals(gathered, json.get("gathered_bytes"));
        assertTrue(text.contains(" of parameters stay gathered until the step ends\n"), text);
        assertEquals(budget.neededBytes() + converted + gathered + budget.chosen().keptBytes(),
                json.get("memory_bytes_at_most"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3_236b_minimal_async_ep", "deepseek_v3_671b_minimal_async_ep"})
    void theLargeOnesArePricedInSeconds(String name) {
        assertTimeout(Duration.ofSeconds(15), () -> {
            CostPlan plan = CostPlan.of(config(name), plugins);
            assertTrue(plan.config().ranks() >= 64, plan.config().ranks() + " ranks");
            assertTrue(plan.rank().memory().totalBytes() > 1L << 30);
        });
    }

    /**
     * The debug model has 5 MoE layers, K = 3 and rows of D = 256 floats. With T = 128 and EP = 4, a rank sends 3/4 of its 384 rows away: in forward and in
     * recompute with a weight each, once as sums, and in backward once with and once without a scalar.
     */
    @Test
    void theExchangeIsPricedUnderEvenRouting() {
        StepTraffic traffic = CostPlan
                .of(config(DEBUG, ranks(4, 4, "training.local_batch_size=1", "training.seq_len=128")), plugins)
                .rank().traffic();
        long rows = 5 * 288;
        assertEquals(2 * rows * (4 * 256 + 4), traffic.dispatch());
        assertEquals(rows * 4 * 256, traffic.combine());
        assertEquals(rows * 4 * 256, traffic.combineAdjoint());
        assertEquals(rows * (4 * 256 + 4), traffic.dispatchAdjoint());
        assertEquals(5 * 3 * 8 * 4, traffic.counts());
    }

    /**
     * The same with rows that are sent once: the K = 3 of 8 experts are on 4 (1 - C(6, 3) / C(8, 3)) = 18 / 7 of 4 ranks, so that 128 * 3/4 * 18/7 rows go to
     * others, with 288 entries of 4 bytes that say where they are copied to.
     */
    @Test
    void rowsThatAreSentOnceArePriced() {
        String[] layout = ranks(4, 4, "training.local_batch_size=1", "training.seq_len=128");
        StepTraffic each = CostPlan.of(config(DEBUG, layout), plugins).rank().traffic();
        CostPlan plan = CostPlan.of(config(DEBUG,
                Stream.concat(Stream.of(layout), Stream.of("moe.dedup=on")).toArray(String[]::new)), plugins);
        StepTraffic once = plan.rank().traffic();
        long rows = Math.round(96 * 18 / 7.0 * 1024 + 288 * 4);
        assertEquals(5 * 2 * (rows + 288 * 4), once.dispatch());
        assertEquals(5 * rows, once.combineAdjoint());
        assertEquals(each.combine() + each.dispatchAdjoint(), once.combine() + once.dispatchAdjoint());
        String text = new CostReport(plan).text();
        assertTrue(text.contains("the 3 experts of a token are on 2.571 of 4 ranks"), text);
        assertTrue(text.contains("288, each copy by itself"), text);
        assertTrue(text.contains("247, once to each rank"), text);
        assertTrue(text.contains("moe.dedup = \"on\": once to each rank\n"), text);
        assertEquals(294_912L, new CostReport(plan).json().get("dispatch_bytes_each_copy"));
    }

    /** Between devices, auto sends once what is worth it. The CPU has no links. */
    @ParameterizedTest
    @CsvSource({"deepseek_v3_16b_minimal_async_ep, auto, true", "deepseek_v3_16b_minimal_async_ep, off, false",
            "deepseek_v3_debugmodel_minimal_async_ep, auto, false"})
    void autoIsPricedByItsRule(String name, String dedup, boolean once) {
        CostPlan plan = CostPlan.of(config(name, "moe.dedup=" + dedup), plugins);
        assertEquals(once, plan.sentRows().orElseThrow().isOnce(), new CostReport(plan).text());
    }

    /**
     * Shards of {@code p} bytes are gathered for forward and for backward, and reduced once: 2 (n - 1) p and (n - 1) p bytes. Embedding and head are used once
     * in forward and backward together, so that they are gathered less often. The embedding's table, of 2048 rows of 256 elements, is not reduced here: each
     * rank gathers what all tokens contribute to it.
     */
    @Test
    void shardsArePriced() {
        CostPlan plan = CostPlan.of(
                config(DEBUG, ranks(4, 1, "model.moe_comm_backend=standard", "graph_capture.enable=false")), plugins);
        long shards = plan.rank().memory().allocated().get("parameters");
        StepTraffic traffic = plan.rank().traffic();
        long table = 2048 * 256 / 4 * 4;
        assertEquals(3 * (shards - table), traffic.reduceScatter());
        assertTrue(traffic.allGather() > 3 * shards && traffic.allGather() <= 2 * 3 * shards,
                traffic + " for shards of " + shards);
        assertEquals(0, traffic.dispatch() + traffic.combine());
    }

    /** Ranks that copy their shards for checkpoints need more, and rank 0 the most. Muon is the control: there, ranks differ otherwise. */
    @ParameterizedTest
    @CsvSource({"adamw, 1, 6, true", "adamw, 2, 3, true", "adamw, 2, 6, true", "adamw, 1, 6, false",
            "muon, 1, 6, false"})
    void noRankNeedsMoreThanTheOneThatIsPlanned(String optimizer, int replicas, int shards, boolean checkpoints) {
        TrainerConfig config = config(DEBUG, "ranks=" + replicas * shards,
                "parallelism.data_parallel_replicate_degree=" + replicas,
                "parallelism.expert_parallel_degree=" + (shards % 2 == 0 ? 2 : 1), "optimizer.name=" + optimizer,
                "checkpoint.enable=" + checkpoints, "checkpoint.background=true");
        CostPlan plan = CostPlan.of(config, plugins);
        ModelSpec spec = ConfiguredModel.spec(config, plugins);
        Providers providers = Providers.choose(config, spec, plugins);
        List<Long> others = IntStream.range(1, config.ranks()).mapToObj(rank -> MemoryPlanner.plan(config, spec,
                providers, Schedule.oneAfterTheOther(), SessionPurpose.TRAINING,
                Recompute.of(providers.recompute().policy()), plan.overlapping(), rank).memory()
                .totalBytes()).toList();
        long planned = plan.rank().memory().totalBytes();
        String text = new CostReport(plan).text();
        boolean muon = optimizer.equals("muon");
        assertEquals(muon, Collections.max(others) > planned, others + " beside " + planned);
        assertTrue(text.contains(
                muon ? "memory of rank 0 (with Muon, ranks" : "memory of rank 0, which needs the most\n"), text);
        assertEquals(checkpoints, !muon && Collections.min(others) < planned);
    }

    @Test
    void capacityFollowsTheConfiguration() {
        String[] common = ranks(4, 4, "training.local_batch_size=1", "training.seq_len=128");
        assertEquals(4 * 128 * 2, CostPlan.of(config(DEBUG, common), plugins).rank().receiveCapacityRows());
        String[] half = Stream.concat(Stream.of(common), Stream.of("moe.receive_capacity=1.5")).toArray(String[]::new);
        CostPlan plan = CostPlan.of(config(DEBUG, half), plugins);
        assertEquals(576, plan.rank().receiveCapacityRows());
        // 384 rows under even routing; 1024 if all tokens choose experts of one rank.
        assertEquals(Optional.of(new ExpectedRounds(576, 384, 1, 2, 2, Optional.empty())), plan.rounds());
        assertTrue(
                new CostReport(plan).text().contains("1 under even routing (384 rows a rank), 2 where a rank receives"
                        + " twice that, at most 2; a step makes those that it needs\n"),
                new CostReport(plan).text());
        String[] eager = Stream.concat(Stream.of(half), Stream.of("graph_capture.enable=false")).toArray(String[]::new);
        assertTrue(
                new CostReport(CostPlan.of(config(DEBUG, eager), plugins)).text().contains("at most 2; a step enqueues"
                        + " that many, and those that it does not need do nothing: steps are not captured\n"));
        assertEquals(Optional.empty(), CostPlan.of(config(DEBUG, common), plugins).rounds());
    }
}
