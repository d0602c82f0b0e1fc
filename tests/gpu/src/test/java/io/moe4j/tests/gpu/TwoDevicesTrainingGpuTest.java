package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training the debug model on two GPUs gives the same bits as on one: losses, gradient norms, and the parameters of every rank at the end. */
@Tag("gpu")
@Timeout(90)
final class TwoDevicesTrainingGpuTest {
    private static final int STEPS = 5;

    private final Registry registry = Plugins.load(List.of());

    @BeforeEach
    void twoGpus() {
        TwoGpus.assume();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--ranks 2 --parallelism.expert_parallel_degree 2",
            "--ranks 2 --parallelism.expert_parallel_degree 2 --graph_capture.enable false",
            "--ranks 2 --parallelism.expert_parallel_degree 2 --training.dtype bfloat16",
            "--ranks 4 --parallelism.expert_parallel_degree 4",
            "--ranks 4 --parallelism.expert_parallel_degree 2",
            "--ranks 2 --parallelism.data_parallel_replicate_degree 2",
            "--ranks 2 --parallelism.expert_parallel_degree 2 --model.moe_comm_backend standard --graph_capture.enable false"})
    void whereRanksRunDoesNotMatter(String run) {
        Trace one = trace(run + " --runtime.devices 1");
        Trace two = trace(run + " --runtime.devices 2");
        assertEquals(List.of(1, 2), List.of(one.devices(), two.devices()));
        assertEquals(!run.contains("--graph_capture.enable false"), one.captured() && two.captured(), "captured");
        assertEquals(2 * STEPS, one.numbers().size());
        assertTrue(one.weights().size() > 20, "parameters were looked at");
        assertEquals(one.numbers(), two.numbers(), "bits of losses and gradient norms");
        assertEquals(one.weights(), two.weights(), "bits of parameters, summed up");
    }

    /** Training over NCCL, with one rank on each GPU, gives the same bits as over peer memory. */
    @ParameterizedTest
    @ValueSource(strings = {"standard", "minimal_async_ep"})
    void ncclGivesTheSame(String backend) {
        String run = "--ranks 2 --parallelism.expert_parallel_degree 2 --runtime.devices 2 --graph_capture.enable false"
                + " --model.moe_comm_backend " + backend;
        assertEquals(trace(run).numbers(), trace(run + " --runtime.collectives nccl").numbers());
    }

    /**
     * The bits of a run.
     *
     * @param numbers loss and gradient norm of each step
     * @param weights a hash of each shard of a parameter that a rank holds
     * @param devices how many devices were open
     * @param captured whether the last step was replayed
     * @param overlaps whether ranks had streams beside the main one
     */
    record Trace(List<Long> numbers, Map<String, Long> weights, int devices, boolean captured, boolean overlaps) {}

    private Trace trace(String arguments) {
        return trace(registry, arguments);
    }

    static Trace trace(Registry registry, String arguments) {
        List<Arguments.Override> all = new ArrayList<>(Arguments.of("device=cuda", "training.steps=" + STEPS,
                "training.seq_len=128", "training.local_batch_size=2", "runtime.timeout=20").overrides());
        all.addAll(Arguments.parse(List.of(arguments.split(" "))).overrides());
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN, all, ConfigUse.running());
        List<Long> numbers = new ArrayList<>();
        Map<String, Long> weights = new ConcurrentSkipListMap<>();
        boolean captured = false;
        int devices;
        boolean overlaps;
        try (TrainingRun run = Trainer.open(config, registry, RunOptions.threads(config).withData((rank, read) -> {
            Random random = new Random(rank);
            return () -> batch(random, (int) (config.training().localTokens() * config.microbatches()));
        }))) {
            while (run.hasNext()) {
                StepResult step = run.step();
                numbers.add(Double.doubleToRawLongBits(step.loss()));
                numbers.add(Double.doubleToRawLongBits(step.gradientNorm()));
                captured = step.captured();
            }
            devices = run.session().devices().size();
            overlaps = run.session().overlapping().isOn();
            run.session().onRanks(rank -> {
                rank.model().units().forEach(unit -> unit.read(unit.shard(), (parameter, from, values, count) -> {
                    long hash = count;
                    for (int i = 0; i < count; i++) {
                        hash = 31 * hash + Float.floatToRawIntBits(values[i]);
                    }
                    weights.put("rank " + rank.context().rank() + " " + parameter + " " + from, hash);
                }));
                return rank;
            });
        }
        return new Trace(numbers, weights, devices, captured, overlaps);
    }

    /** Tokens below 200, each followed by one of two possible tokens. */
    private static Batch batch(Random random, int tokens) {
        int[] ids = new int[tokens + 1];
        for (int i = 1; i < ids.length; i++) {
            ids[i] = (7 * ids[i - 1] + 1 + random.nextInt(2)) % 200;
        }
        return new Batch(Arrays.copyOf(ids, tokens), Arrays.copyOfRange(ids, 1, tokens + 1));
    }
}
