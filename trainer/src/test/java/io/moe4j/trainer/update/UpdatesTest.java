package io.moe4j.trainer.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.StackWatcher;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.trainer.config.MuonConfig;
import io.moe4j.trainer.config.MuonScale;
import io.moe4j.trainer.config.OptimizerConfig;
import io.moe4j.trainer.config.OptimizerName;
import io.moe4j.trainer.config.ParameterRounding;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates against PyTorch's; make_optimizers.py has written its numbers. */
class UpdatesTest {
    private static final OptimizerConfig ADAMW = new OptimizerConfig(OptimizerName.ADAMW, 2e-3, 0.9, 0.95, 1e-8, 0.1,
            true, true, new MuonConfig(0.02, 0.95, true, 5, MuonScale.ORIGINAL), DType.F32, ParameterRounding.NEAREST,
            false, 4096, 2);
    private static final OptimizerConfig MUON = ADAMW.withName(OptimizerName.MUON);
    private static final double U32 = Math.scalb(1.0, -24);
    /** The steepest slope of an iteration, at 0. */
    private static final double SLOPE = 3.4445;

    private Device device;
    private Stream stream;
    private SafetensorsFile golden;

    @BeforeEach
    void open() throws URISyntaxException {
        device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu")
                .open(DeviceConfig.defaults().withStrict(true).withThreads(2));
        stream = device.openStream("rank 0");
        golden = SafetensorsFile.open(Path.of(
                Objects.requireNonNull(UpdatesTest.class.getResource("optimizers.safetensors")).toURI()));
    }

    @AfterEach
    void close() {
        golden.close();
        stream.close();
        device.close();
    }

    /**
     * What is rounded differs, by a few units for each of the sums of up to 48 terms; an iteration makes a difference larger by its slope at most, and
     * the largest entry of an orthogonal matrix is below 1.3.
     */
    @ParameterizedTest
    @ValueSource(strings = {"wide", "tall", "square", "row"})
    void muonIsPyTorchs(String name) {
        double orthogonal = Math.pow(SLOPE, 5) * 48 * U32 * 1.3;
        for (MuonScale scale : MuonScale.values()) {
            OptimizerConfig config = MUON.withMuon(MUON.muon().withScale(scale));
            double rate = 0.02 * scale.factor(golden.entry(name + ".start").shape().get(0),
                    golden.entry(name + ".start").shape().get(1));
            float[] expected = values(name + ".fp32." + (scale == MuonScale.ORIGINAL ? "original" : "match_rms_adamw")
                    + ".final");
            close(expected, trained(name, config, DType.F32), 4 * rate * orthogonal);
            close(expected, trained(name, config.withOffload(true).withOffloadChunkBytes(512), DType.F32),
                    4 * rate * orthogonal);
        }
        OptimizerConfig plain = MUON.withWeightDecay(0)
                .withMuon(MUON.muon().withMomentum(0.9).withNesterov(false).withNewtonSchulzSteps(3));
        close(values(name + ".fp32.plain.final"), trained(name, plain, DType.F32), 4 * 0.02 * 1.8 * orthogonal);
    }

    /** In bfloat16, rounding errors are as large as the bound above times 2^16. What we compute is no further from fp32's than twice what PyTorch does. */
    @ParameterizedTest
    @ValueSource(strings = {"wide", "tall", "square", "row"})
    void bfloat16IsAsGoodAsPyTorchs(String name) {
        float[] exact = values(name + ".fp32.original.final");
        double theirs = distance(exact, values(name + ".bf16.original.final"));
        double ours = distance(exact, trained(name, MUON, DType.BF16));
        double moved = distance(exact, values(name + ".start"));
        assertTrue(ours > 0 && ours <= 2 * theirs + 1e-3 * moved, ours + " against " + theirs + ", of " + moved);
    }

    /** A step moves a parameter by the rate at most; the roundings are those of a dozen operations. */
    @ParameterizedTest
    @ValueSource(strings = {"wide", "tall"})
    void adamwIsPyTorchsInBothGroups(String name) {
        double bound = 4 * 12 * U32 * 0.2;
        close(values(name + ".decays.final"), trained(name, ADAMW, DType.F32), bound);
        // The parameter is called an embedding.
        close(values(name + ".stays.final"), trained(name, ADAMW.withDecayEmbeddings(false), DType.F32), bound);
    }

    @Test
    void aControlTellsGroupsApart() {
        assertTrue(distance(values("wide.decays.final"), values("wide.stays.final")) > 1e-5);
        assertTrue(distance(values("tall.fp32.original.final"), values("tall.fp32.match_rms_adamw.final")) > 1e-2);
    }

    /** Norms between two matrices: three rules in one shard, of which one has no second moments. */
    @Test
    void stretchesFollowParameters() {
        try (ParameterUnit unit = new ParameterUnit("unit",
                List.of(new Parameter("a", 0, 4, 40), new Parameter("norm", 0, 10), new Parameter("other", 0, 3),
                        new Parameter("b", 0, 16, 16)),
                context(memory()), ShardGroup.alone(), Precision.single())) {
            Names model = new Names(unit, Map.of());
            ParameterRules rules = new ParameterRules(model, MUON.withDecayNorms(false));
            UnitUpdate update = UnitUpdate.of(unit, rules::of);
            assertEquals(List.of(new Stretch(0, 256, new UpdateRule.Muon()),
                    new Stretch(256, 512, new UpdateRule.AdamW(false)),
                    new Stretch(512, 768, new UpdateRule.Muon())), update.stretches());
            assertEquals(256, update.secondElements());
            assertEquals(44, update.secondBefore(300));
            ParameterRules alike = new ParameterRules(model, ADAMW);
            assertEquals(List.of(new Stretch(0, 768, new UpdateRule.AdamW(true))),
                    UnitUpdate.of(unit, alike::of).stretches());
        }
    }

    /**
     * After settling, the main stream reads what the last update left, although returning 16 MB takes longer than asking for them; and what it writes is what
     * the next update takes, although the same chunk was fetched ahead.
     */
    @Test
    void settledMomentsAreReadAndWritten() {
        int count = 1 << 22;
        OptimizerConfig offloaded = ADAMW.withOffload(true).withOffloadChunkBytes(4L * count);
        try (Memory stack = memory()) {
            RankContext rank = context(stack);
            Parameter parameter = new Parameter("p", 0, count);
            try (ParameterUnit unit = new ParameterUnit("unit", List.of(parameter), rank, ShardGroup.alone(),
                    Precision.single());
                    Updates updates = new Updates(rank, new Names(unit, Map.of()), offloaded, DType.F32, 42)) {
                Tensor moments = updates.moments().units().getFirst().first();
                stream.fill(unit.shard(), 0);
                stream.fill(unit.gradientShard(), 1);
                for (int step = 1; step <= 3; step++) {
                    updates.update(new StepRates(2e-3, 0.02, 1, step));
                    updates.moments().settle();
                    // 0.9 · 5 + 0.1, from the second step on.
                    float expected = step == 1 ? 0.1f : 4.6f;
                    assertEquals(expected, last(unit, moments), 1e-6);
                    stream.fill(moments, 5);
                }
            }
        }
    }

    /** The last element, without a copy of the others. */
    private float last(ParameterUnit unit, Tensor tensor) {
        float[] last = new float[1];
        long at = tensor.elements() - 1;
        unit.read(tensor.slice(0, at, at + 1), at, (of, from, read, count) -> last[0] = read[0]);
        return last[0];
    }

    private float[] trained(String name, OptimizerConfig config, DType products) {
        long[] shape = golden.entry(name + ".start").shape().stream().mapToLong(Long::longValue).toArray();
        try (Memory stack = memory()) {
            RankContext rank = context(stack);
            // By this name, AdamW takes it for an embedding; Muon's are matrices of a block.
            String published = config.name() == OptimizerName.MUON ? "layer.weight" : "embed.weight";
            Parameter parameter = new Parameter("p", 0, shape);
            try (ParameterUnit unit = new ParameterUnit("unit", List.of(parameter), rank, ShardGroup.alone(),
                    Precision.single());
                    Updates updates = new Updates(rank, new Names(unit, Map.of(published,
                            new Model.ParameterSlice(parameter, 0, golden.entry(name + ".start").shape()))), config,
                            products, 42)) {
                float[] start = values(name + ".start");
                float[] gradients = values(name + ".gradients");
                unit.load((of, from, into, count) -> System.arraycopy(start, (int) from, into, 0, count));
                for (int step = 0; step * start.length < gradients.length; step++) {
                    int first = step * start.length;
                    stream.fill(unit.gradientShard(), 0);
                    unit.write(unit.gradientShard(), (of, from, into, count) -> System.arraycopy(gradients,
                            first + (int) from, into, 0, count));
                    try (var scope = rank.memory().openStep()) {
                        updates.update(new StepRates(2e-3, 0.02, 1, step + 1L));
                    }
                }
                float[] end = new float[start.length];
                unit.read(unit.shard(), (of, from, read, count) -> System.arraycopy(read, 0, end, (int) from, count));
                return end;
            }
        }
    }

    private Memory memory() {
        return device.allocate(1 << 20, "temporaries");
    }

    private RankContext context(Memory stack) {
        return RankContext.of(new Group("world", List.of(0), 0), device, stream,
                new MemoryStack(stack, StackWatcher.onRelease(freed -> {})),
                ThreadRendezvous.of(1, Duration.ofSeconds(10)));
    }

    private float[] values(String name) {
        return golden.data(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private static void close(float[] expected, float[] actual, double bound) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs((double) expected[i] - actual[i]);
            assertTrue(difference <= bound, "element " + i + ": " + actual[i] + " instead of " + expected[i]
                    + ", further than " + bound);
        }
    }

    /** In the 2-norm. */
    private static double distance(float[] one, float[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += Math.pow((double) one[i] - other[i], 2);
        }
        return Math.sqrt(sum);
    }

    /** A model that has parameters, and computes nothing. */
    private record Names(ParameterUnit unit, Map<String, Model.ParameterSlice> checkpointNames) implements Model {
        @Override
        public List<ParameterUnit> units() {
            return new ArrayList<>(List.of(unit));
        }

        @Override
        public void forwardBackward(Tensor ids_T, Tensor labels_T, float scale, Tensor loss) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void logits(Tensor ids_T, Tensor logits_TV) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Map<Integer, Tensor> tokensPerExpert() {
            return Map.of();
        }

        @Override
        public void updateExpertBias(float coefficient) {}

        @Override
        public Map<String, Tensor> buffers() {
            return Map.of();
        }

        @Override
        public String locateNonFinite(Tensor ids_T) {
            return "";
        }

        @Override
        public void close() {}
    }
}
