package io.moe4j.model.qwen;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.tests.contract.Installed;
import io.moe4j.tests.contract.ModelContract;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A small model with all that the family has: a dense layer, normalised weights, and an embedding that is the head too. */
class ModelContractTest extends ModelContract {

    @Override
    protected ModelProvider provider() {
        return new Qwen3MoeProvider();
    }

    @Override
    protected ModelSpec spec() {
        Map<String, Object> config = new HashMap<>(HuggingFaceConfigTest.config());
        config.put("mlp_only_layers", List.of(1));
        config.put("tie_word_embeddings", true);
        return HuggingFaceConfig.spec(config);
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Installed.device("cpu");
    }

    @Override
    protected CommBackendProvider commProvider() {
        return Installed.exchange("standard");
    }

    @Override
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional.of(Installed.collectives(deviceProvider()));
    }

    @Override
    protected ExpertKernelsProvider kernelsProvider() {
        return Installed.expertKernels("swiglu");
    }

    @Override
    protected List<RecomputePolicyProvider> recomputePolicies() {
        return Installed.recomputePolicies();
    }
}
