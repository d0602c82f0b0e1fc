package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.MemoryPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moments in pinned memory give the bits of moments on the device; Muon gives the same bits however a step is run, and learns. */
@Tag("gpu")
@Timeout(180)
final class OptimizersGpuTest {
    private static final String OFFLOAD = "optimizer.offload=true optimizer.offload_chunk_bytes=1000000";
    private static final String BF16_STATE = "training.dtype=bfloat16 training.parameter_dtype=bfloat16"
            + " training.gradient_dtype=bfloat16 optimizer.state_dtype=bfloat16 optimizer.parameter_rounding=stochastic";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"training.dtype=bfloat16", "graph_capture.enable=false", BF16_STATE,
            "training.dtype=bfloat16 optimizer.name=muon",
            "ranks=4 parallelism.data_parallel_replicate_degree=2 training.dtype=bfloat16 runtime.agreement_interval=2"})
    void offloadedMomentsGiveTheSameBits(String overrides) {
        List<Object> expected = outcome(overrides);
        assertEquals(expected, outcome(overrides + " " + OFFLOAD));
        assertEquals(expected, outcome(overrides + " optimizer.offload=true optimizer.offload_slots=8"));
    }

    /** Copies that overlap the next step's graph do not change its results, however long a run is. */
    @Test
    void fiftyStepsGiveTheSameBits() {
        String many = "training.steps=50 training.dtype=bfloat16";
        assertEquals(outcome(many), outcome(many + " optimizer.offload=true optimizer.offload_chunk_bytes=200000"));
    }

    @Test
    void aCheckpointContinuesEitherWay() {
        List<Double> whole = new ArrayList<>();
        run("training.dtype=bfloat16", run -> {
            while (run.hasNext()) {
                whole.add(run.step().loss());
            }
        });
        List<Double> parts = new ArrayList<>();
        run("training.dtype=bfloat16 " + OFFLOAD, run -> {
            for (int i = 0; i < 3; i++) {
                parts.add(run.step().loss());
            }
            run.save(folder);
            List<Double> through = new ArrayList<>(parts);
            while (run.hasNext()) {
                through.add(run.step().loss());
            }
            assertEquals(whole, through);
        });
        for (String kind : List.of("", OFFLOAD)) {
            List<Double> continued = new ArrayList<>(parts);
            run("training.dtype=bfloat16 checkpoint.resume=" + folder + " " + kind, run -> {
                while (run.hasNext()) {
                    continued.add(run.step().loss());
                }
            });
            assertEquals(whole, continued, kind);
        }
    }

    @Test
    void memoryIsWhatThePlanSays() {
        run("training.dtype=bfloat16 " + OFFLOAD, run -> {
            run.step();
            MemoryPlan plan = run.session().memoryPlan();
            Map<String, Long> device = run.session().devices().get(0).allocatedBytes();
            assertFalse(device.containsKey("optimizer state"), device.toString());
            assertEquals(2 * plan.allocated().get("optimizer state on its way"),
                    device.get("optimizer state on its way"));
            assertTrue(plan.hostBytes() > 0);
            assertEquals(2 * plan.hostBytes(), run.session().devices().get(0).allocatedHostBytes().get(
                    "optimizer state"));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"training.dtype=bfloat16", "training.dtype=float32", BF16_STATE})
    void muonIsTheSameHoweverAStepIsRun(String dtype) {
        String muon = dtype + " optimizer.name=muon";
        List<Object> expected = outcome(muon);
        assertEquals(expected, outcome(muon), "another time");
        assertEquals(expected, outcome(muon + " graph_capture.enable=false"), "eager");
        assertEquals(expected, outcome(muon + " graph_capture.enable=false model.moe_comm_backend=standard"),
                "standard");
        double first = (Double) expected.getFirst();
        double last = (Double) expected.get(expected.size() - 2);
        assertTrue(last < first, expected.toString());
    }

    /** Losses of routing, in both families. */
    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3", "qwen3_moe"})
    void lossesOfRoutingAreTheSameHoweverAStepIsRun(String family) {
        String losses = "model.name=" + family + " training.dtype=bfloat16 moe.sequence_balance_coeff=0.01"
                + " moe.router_z_coeff=0.001 training.gradient_accumulation_steps=2";
        List<Object> expected = outcome(losses);
        assertEquals(expected, outcome(losses + " graph_capture.enable=false"), "eager");
        assertEquals(expected, outcome(losses + " graph_capture.enable=false model.moe_comm_backend=standard"),
                "standard");
    }

    /** Losses, then a digest of all parameters. */
    private static List<Object> outcome(String overrides) {
        List<Object> outcome = new ArrayList<>();
        run(overrides, run -> {
            while (run.hasNext()) {
                StepResult step = run.step();
                outcome.add(step.loss());
                step.routerLosses().ifPresent(outcome::add);
            }
            outcome.add(run.tensors().shapes().keySet().stream()
                    .mapToLong(name -> 31L * name.hashCode() + Arrays.hashCode(run.tensors().read(name).values()))
                    .sum());
        });
        return outcome;
    }

    private static void run(String overrides, Consumer<TrainingRun> work) {
        Registry registry = Plugins.load(List.of());
        List<String> all = new ArrayList<>(List.of("device=cuda", "ranks=2", "parallelism.expert_parallel_degree=2",
                "training.seq_len=128", "training.local_batch_size=2", "training.steps=6", "runtime.timeout=30"));
        Stream.of(overrides.split(" ")).filter(word -> !word.isBlank()).forEach(all::add);
        TrainerConfig config = new ConfigLoader(registry).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.training());
        RunOptions options = RunOptions.threads(config).withData((rank, read) -> {
            AtomicLong step = new AtomicLong(read / config.sequencesPerStep());
            return () -> FrequentWords.batch(new Random(rank + 1000 * step.incrementAndGet()),
                    Math.toIntExact(config.training().localTokens() * config.microbatches()));
        });
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            work.accept(run);
        }
    }
}
