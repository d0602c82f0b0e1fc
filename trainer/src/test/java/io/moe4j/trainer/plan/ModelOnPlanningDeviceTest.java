package io.moe4j.trainer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.runtime.planning.PlanningCollectives;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.runtime.planning.PlanningRendezvous;
import io.moe4j.trainer.plugins.Plugins;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real models, backends and kernels make a step on the device that computes nothing. */
final class ModelOnPlanningDeviceTest {
    private final Registry plugins = Plugins.load();
    private final PlanningDevice device = PlanningDevice.open(DeviceKind.CUDA, DeviceConfig.defaults().withThreads(1),
            new WorkspaceSizes() {});

    private static Group group(String name, int size) {
        return new Group(name, IntStream.range(0, size).boxed().toList(), 0);
    }

    /** Makes a step, and gives the stack that it was made on. */
    private MemoryStack step(ModelSpec spec, String backend, String recompute, int ranks, int expertRanks,
            long sequence, Precision precision) {
        MemoryStack stack = new MemoryStack(device.endless(), freed -> {});
        RankContext rank = new RankContext(group("world", ranks), device, device.openStream("rank 0"), stack,
                new PlanningRendezvous());
        Group experts = group("expert_parallel", expertRanks);
        ModelSpec.MoeSpec moe = spec.moe().orElseThrow();
        CommBackend comm = plugins.get(CommBackendProvider.class, backend).open(
                CommConfig.of(sequence, moe.dim(), moe.experts(), moe.topK(), precision.compute()),
                new CommContext(rank, experts, Optional.of(device.openPeerGroup(experts, rank.rendezvous())),
                        Optional.of(collectives(experts))));
        ExpertKernels kernels = plugins.get(ExpertKernelsProvider.class, "swiglu").open(rank);
        Collectives dense = collectives(group("shards", ranks));
        Collectives expertShards = collectives(group("expert_shards", ranks / expertRanks));
        Model model = spec.open(
                new ModelContext(rank, 1, sequence, precision, new ShardGroup(Optional.of(dense), Optional.empty()),
                        new ShardGroup(Optional.of(expertShards), Optional.empty()), experts, Optional.of(comm),
                        Optional.of(kernels),
                        plugins.get(RecomputePolicyProvider.class, recompute).policy(), false, 1));
        try (Scope step = stack.openStep()) {
            Tensor ids_T = stack.allocate("inputs", DType.I32, sequence);
            Tensor loss = stack.allocate("inputs", DType.F32, 1);
            model.forwardBackward(ids_T, ids_T, 1f / sequence, loss);
            model.updateExpertBias(1e-3f);
        }
        return stack;
    }

    private PlanningCollectives collectives(Group group) {
        return new PlanningCollectives(group, device, Map.of());
    }

    private ModelSpec flavor(String name) {
        return plugins.get(ModelProvider.class, "deepseek_v3").flavor(name);
    }

    /** Shards of all ranks together are the model: padding is all that may come on top. */
    @ParameterizedTest
    @CsvSource({"debugmodel, 4, 4", "16B, 4, 4", "236B, 160, 32", "671B, 256, 64"})
    void shardsOfAllRanksAreTheModel(String flavor, int ranks, int expertRanks) {
        ModelSpec spec = flavor(flavor);
        step(spec, "minimal_async_ep", "full", ranks, expertRanks, 512, Precision.mixed());
        long parameters = spec.figures(512).parameters();
        long held = device.allocatedBytes().get("parameters") / Float.BYTES * ranks;
        assertTrue(held >= parameters && held <= 1.02 * parameters + 1000L * 128 * ranks,
                held + " held of " + parameters);
        assertEquals(device.allocatedBytes().get("parameters"), device.allocatedBytes().get("gradients"));
    }

    @Test
    void the671BModelIsPlannedOver256RanksInSeconds() {
        Assertions.assertTimeout(Duration.ofSeconds(10), () -> {
            MemoryStack stack = step(flavor("671B"), "minimal_async_ep", "full", 256, 64, 4096, Precision.mixed());
            assertTrue(stack.peakBytes() > 1L << 30);
        });
    }

    /** R_max rows of D elements, twice (activations and gradients), and two scalars for each: nothing else is received into. */
    @Test
    void oneReceiveBufferServesAllLayers() {
        step(flavor("16B"), "minimal_async_ep", "full", 4, 4, 1024, Precision.mixed());
        long rows = 4 * 1024 * 6;
        Map<String, Long> held = device.allocatedBytes();
        assertEquals(rows * 2048 * 2, held.get("receive buffer: activations"));
        assertEquals(rows * 2048 * 2, held.get("receive buffer: gradients"));
        assertEquals(rows * 4 * 2, held.get("receive buffer: activations scalars"));
    }

    /** Keeping every activation costs more than keeping the blocks' inputs; {@code standard} runs with both. */
    @Test
    void recomputeSavesMemory() {
        long kept = step(flavor("debugmodel"), "standard", "none", 4, 4, 512, Precision.single()).peakBytes();
        long recomputed = step(flavor("debugmodel"), "standard", "full", 4, 4, 512, Precision.single()).peakBytes();
        assertTrue(kept > 2 * recomputed, kept + " kept, " + recomputed + " recomputed");
    }
}
