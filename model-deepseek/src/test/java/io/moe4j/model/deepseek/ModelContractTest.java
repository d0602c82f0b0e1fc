package io.moe4j.model.deepseek;

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
import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import io.moe4j.tests.contract.ModelContract;
import java.util.List;
import java.util.Optional;

/** A model of the shape of the 671B one on the CPU: low-rank queries, sigmoid scores, limited groups, normalised and scaled weights. */
class ModelContractTest extends ModelContract {

    @Override
    protected ModelProvider provider() {
        return new DeepSeekV3Provider();
    }

    @Override
    protected ModelSpec spec() {
        RotarySpec rotary = new RotarySpec(Rotation.PAIRS, 16, 10000,
                new RotaryScaling.Yarn(40, 4096, 32, 1, true, 1));
        LatentAttention attention = new LatentAttention(3, new QueryProjection.LowRank(20), 24, 8, 8, rotary, 1.3,
                1e-6f);
        Gate gate = new Gate(Score.SIGMOID, 4, 4, 2, true, 2.5f);
        return new DecoderSpec("small", 300, 48,
                Published.blocks(3, 1, attention, 80, new MixtureOfExperts(16, 24, 1, gate)), false, 1e-5f, 4096,
                "standard");
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
}
