package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.tests.contract.SingleRank;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.TrainingRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients in bf16 are those in fp32, rounded once, wherever they are summed; and parameters in bf16, wherever they are converted. */
class GradientTypesTest {
    private static final Precision NARROW = new Precision(DType.BF16, DType.BF16, DType.BF16, DType.BF16);

    /** Gradients of experts are written by their products, all others are summed first; with several rounds, or rows in fp32, those of experts too. */
    @Test
    void roundedOnce() {
        String common = "training.steps=1 training.max_norm=1e9 ";
        String bf16 = "training.dtype=bfloat16 ";
        String alone = "ranks=1 parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1 ";
        String single = "training.dtype=float32 ";
        for (String form : List.of(bf16, bf16 + "moe.receive_capacity=1 moe.on_overflow=rounds ", bf16 + alone, single,
                single + alone, single + alone + "training.expert_dtype=float8 ")) {
            List<float[]> wide = gradients(common + form);
            List<float[]> narrow = gradients(common + form + "training.gradient_dtype=bfloat16");
            assertEquals(wide.size(), narrow.size());
            for (int part = 0; part < wide.size(); part++) {
                float[] rounded = wide.get(part).clone();
                for (int i = 0; i < rounded.length; i++) {
                    rounded[i] = BFloat16.widen(BFloat16.round(rounded[i]));
                }
                assertArrayEquals(rounded, narrow.get(part), form + "part " + part);
            }
            assertTrue(wide.stream().anyMatch(values -> values[0] != 0));
        }
    }

    /** Parameters in bf16 are rounded before they are kept in fp32, to the nearest or at random: kept values have what is stored. */
    @ParameterizedTest
    @ValueSource(strings = {"nearest", "stochastic"})
    void keptInAWiderType(String rounding) {
        String common = "training.steps=3 training.parameter_dtype=bfloat16 ranks=1 parallelism.data_parallel_shard_degree=1"
                + " parallelism.expert_parallel_degree=1 optimizer.parameter_rounding=" + rounding + " ";
        try (TrainingRun kept = open(common + "training.keep_converted=on"); TrainingRun other = open(common)) {
            assertEquals(Tiny.losses(other), Tiny.losses(kept));
            assertTrue(kept.session().memoryPlan().allocated().containsKey("converted parameters"));
        }
    }

    /** Values that are converted once a step, and kept, are those that are converted before each use. */
    @Test
    void convertedOnce() {
        String common = "training.steps=3 training.dtype=bfloat16 ranks=2 parallelism.data_parallel_shard_degree=2"
                + " parallelism.expert_parallel_degree=2 ";
        try (TrainingRun kept = open(common + "training.keep_converted=on"); TrainingRun other = open(common)) {
            assertEquals(Tiny.losses(other), Tiny.losses(kept));
            Map<String, Long> planned = kept.session().memoryPlan().allocated();
            long experts = kept.session().onRanks(rank -> rank.model().units()).getFirst().stream()
                    .filter(unit -> unit.group().size() == 1).mapToLong(ParameterUnit::elements).sum();
            assertTrue(experts > 0);
            assertEquals(2 * experts, planned.get("converted parameters"));
            // Two ranks on one device.
            assertEquals(4 * experts, kept.session().devices().get(0).allocatedBytes().get("converted parameters"));
            assertFalse(other.session().memoryPlan().allocated().containsKey("converted parameters"));
        }
    }

    /** Kept values follow the shard, however it changes: by updates that write both, by updates that do not, and by whoever writes it between two steps. */
    @Test
    void keptValuesFollowTheShard() {
        String common = "training.steps=3 training.dtype=bfloat16 ranks=2 parallelism.data_parallel_shard_degree=2"
                + " parallelism.expert_parallel_degree=2 ";
        for (String form : List.of("graph_capture.enable=true ", "graph_capture.enable=false optimizer.name=muon ")) {
            assertEquals(lossesOfChanged(common + form),
                    lossesOfChanged(common + form + "training.keep_converted=on"),
                    form);
        }
    }

    private static List<Double> lossesOfChanged(String settings) {
        try (TrainingRun run = open(settings)) {
            List<Double> losses = new ArrayList<>(List.of(run.step().loss(), run.step().loss()));
            run.session().onRanks(rank -> {
                rank.model().units().stream().filter(unit -> unit.group().size() == 1).forEach(unit -> unit.write(
                        unit.shard(), (parameter, from, into, count) -> Arrays.fill(into, 0, count, 0.02f)));
                return 0;
            });
            losses.add(run.step().loss());
            return losses;
        }
    }

    /** One parameter is written in the shard, the other is summed beside it; what belongs to none, or has no contribution, becomes zero. */
    @Test
    void bothInOneUnit() {
        withRank(rank -> {
            Parameter once = new Parameter("once", 0, 3).withOneContribution();
            Parameter often = new Parameter("often", 0, 2);
            Parameter never = new Parameter("never", 0, 2).withOneContribution();
            try (ParameterUnit unit = new ParameterUnit("unit", List.of(once, often, never), rank, ShardGroup.alone(),
                    NARROW)) {
                rank.stream().fill(unit.gradientShard(), 7);
                microbatch(rank, unit, Microbatch.of(0, 2), () -> {
                    assertEquals(DType.BF16, once.gradient().dtype());
                    contribute(rank, once, 1 + 0x1p-8f);
                    assertThrows(IllegalStateException.class, once::accumulatesGradient);
                    contribute(rank, often, 1 + 0x1p-8f);
                    contribute(rank, often, 1 + 0x1p-8f);
                });
                // 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷; twice that is 2.0078125, between 2 and 2.015625. Both ties go to even.
                assertEquals(List.of(1f, 2f, 0f), firsts(unit));
                assertEquals(3 * 1f + 2 * 2f, sum(rank, unit));
                microbatch(rank, unit, Microbatch.of(1, 2), () -> {
                    assertEquals(DType.F32, once.gradient().dtype());
                    contribute(rank, once, 0.00390625f);
                    contribute(rank, once, 0.00390625f);
                });
                // The two are added in fp32: 1 + 2⁻⁷, where each by itself would be lost.
                assertEquals(List.of(1.0078125f, 2f, 0f), firsts(unit));
            }
        });
    }

    /** A sum that a rank makes for its own shard is rounded as one that is made over ranks: once for each microbatch. */
    @Test
    void sumsOfShards() {
        for (DType type : List.of(DType.BF16, DType.F32)) {
            withRank(rank -> {
                Parameter table = new Parameter("table", 0, 2, 3);
                try (ParameterUnit unit = new ParameterUnit("unit", List.of(table), rank, ShardGroup.alone(),
                        new Precision(DType.BF16, DType.BF16, type, DType.BF16))) {
                    rank.stream().fill(unit.gradientShard(), 7);
                    for (int i = 0; i < 2; i++) {
                        try (Scope scope = rank.memory().open()) {
                            unit.begin(Microbatch.of(i, 2));
                            unit.sumGradients(sums -> rank.stream().fill(sums.slice(0, 0, 6), 1 + 0x1p-8f));
                        }
                    }
                    // In bf16 each 1 + 2⁻⁸ is rounded to 1 before it is added.
                    assertEquals(List.of(type == DType.F32 ? 2.0078125f : 2f), firsts(unit));
                    float[] all = new float[6];
                    unit.read(unit.gradientShard(), (parameter, from, values, count) -> System.arraycopy(values, 0, all,
                            (int) from, count));
                    for (float value : all) {
                        assertEquals(all[0], value);
                    }
                }
            });
        }
    }

    private static void contribute(RankContext rank, Parameter parameter, float value) {
        try (Scope scope = rank.memory().open()) {
            Tensor gradient = parameter.gradient();
            Tensor values = rank.memory().allocate("test", DType.F32, gradient.elements());
            rank.stream().fill(values, value);
            if (parameter.accumulatesGradient()) {
                rank.device().ops().elementwise().accumulate(rank.stream(), values, 1, gradient);
            } else {
                rank.device().ops().elementwise().copy(rank.stream(), values, gradient);
            }
        }
    }

    private static void microbatch(RankContext rank, ParameterUnit unit, Microbatch microbatch, Runnable backward) {
        try (Scope scope = rank.memory().open()) {
            unit.begin(microbatch);
            unit.openGradients();
            backward.run();
            unit.reduceGradients();
        }
    }

    /** The first element of each parameter. */
    private static List<Float> firsts(ParameterUnit unit) {
        List<Float> firsts = new ArrayList<>();
        unit.read(unit.gradientShard(), (parameter, from, values, count) -> firsts.add(values[0]));
        return firsts;
    }

    /** Of all elements, those of no parameter too. */
    private static float sum(RankContext rank, ParameterUnit unit) {
        Tensor shard = unit.gradientShard();
        short[] values = new short[(int) shard.elements()];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(shard.bytes(), 16);
            rank.stream().download(shard, host);
            MemorySegment.copy(host, ValueLayout.JAVA_SHORT, 0, values, 0, values.length);
        }
        float sum = 0;
        for (short value : values) {
            sum += BFloat16.widen(value);
        }
        return sum;
    }

    private interface OnRank {
        void run(RankContext rank);
    }

    private static void withRank(OnRank test) {
        try (Device device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu").open(DeviceConfig.defaults());
                SingleRank rank = SingleRank.on(device)) {
            test.run(rank.context());
        }
    }

    private static TrainingRun open(String overrides) {
        return Tiny.open(overrides.strip().split(" +"));
    }

    private static List<float[]> gradients(String overrides) {
        try (TrainingRun run = open(overrides)) {
            Tiny.losses(run);
            List<float[]> all = new ArrayList<>();
            run.session().onRanks(rank -> rank.model().units()).getFirst().forEach(unit -> unit.read(
                    unit.gradientShard(), (parameter, from, values, count) -> all.add(Arrays.copyOf(values, count))));
            return all;
        }
    }
}
