package io.moe4j.layers.decoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.activationcheckpoint.BudgetRecomputeProvider;
import io.moe4j.activationcheckpoint.FullRecomputeProvider;
import io.moe4j.activationcheckpoint.NoRecomputeProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.comm.standard.StandardProvider;
import io.moe4j.kernels.swiglu.SwiGluKernelsProvider;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import io.moe4j.tests.contract.ModelContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The layers together, with one parameter for embedding and head. */
class TiedDecoderContractTest extends ModelContract {

    @Override
    protected ModelProvider provider() {
        return new MixedDecoder();
    }

    @Override
    protected ModelSpec spec() {
        return MixedDecoder.small(true);
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return new CpuDeviceProvider();
    }

    @Override
    protected CommBackendProvider commProvider() {
        return new StandardProvider();
    }

    @Override
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional.of(new CpuPeerCollectivesProvider());
    }

    @Override
    protected ExpertKernelsProvider kernelsProvider() {
        return new SwiGluKernelsProvider();
    }

    @Override
    protected List<RecomputePolicyProvider> recomputePolicies() {
        return List.of(new NoRecomputeProvider(), new FullRecomputeProvider(),
                new BudgetRecomputeProvider());
    }

    @Test
    void aTiedEmbeddingIsCountedOnce() {
        long apart = MixedDecoder.small(false).figures(64).parameters();
        assertEquals(apart - 100 * 32, spec().figures(64).parameters());
    }

    @Test
    void expertsMayLieAnywhereButMustBeEqual() {
        DecoderSpec spec = MixedDecoder.small(false);
        assertEquals(List.of(0, 2), spec.expertBlocks());
        assertEquals(2, spec.moe().orElseThrow().layers());
        List<BlockSpec> blocks = new ArrayList<>(spec.blocks());
        blocks.set(1, new BlockSpec(blocks.get(1).attention(),
                new MixtureOfExperts(4, 16, 0, new Gate(Score.SOFTMAX, 2, 1, 1, false, 1))));
        String message = assertThrows(IllegalArgumentException.class,
                () -> new DecoderSpec("two kinds", 100, 32, blocks, false, 1e-5f, 512, "standard")).getMessage();
        assertTrue(String.valueOf(message).contains("different experts"), message);
    }

    @Test
    void theDeviceMustHaveWhatAnyBlockUses() {
        DecoderSpec spec = MixedDecoder.small(false);
        assertEquals("1.3", spec.deviceSpi());
        BlockSpec grouped = spec.blocks().get(2);
        assertEquals("1.3", grouped.attention().deviceSpi());
        assertEquals("1.3", grouped.feedForward().deviceSpi());
        assertEquals("1.0", new DenseFeedForward(8).deviceSpi());
    }

    /** Of the two scores, only one has a published class with biases. */
    @Test
    void softmaxWithMovingBiasesIsRemarkedOnExport() {
        assertEquals(List.of(), MixedDecoder.small(false).exportRemarks(true));
        MixtureOfExperts softmax = new MixtureOfExperts(4, 16, 0, new Gate(Score.SOFTMAX, 2, 1, 1, false, 1));
        assertEquals(List.of(), softmax.exportRemarks(false));
        assertTrue(softmax.exportRemarks(true).getFirst().contains("moe.load_balance_coeff = 0"));
    }
}
