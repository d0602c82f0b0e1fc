package io.moe4j.trainer.model;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.huggingface.ExpectedTensors;
import io.moe4j.trainer.session.MemoryPlanner;
import io.moe4j.trainer.session.Providers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The names and shapes of all tensors of a model. It is opened on a device that only counts, so that this takes no memory. */
final class WholeModel {

    private WholeModel() {}

    static ExpectedTensors tensors(ModelSpec given, Registry registry) {
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of("training.seq_len=1").overrides(),
                new ConfigUse(false, false, Optional.of(given), Optional.empty()));
        ModelSpec spec = given.withMoeCommBackend(config.model().moeCommBackend());
        return MemoryPlanner.describe(config, spec, Providers.choose(config, spec, registry), model -> {
            Map<String, List<Long>> parameters = new LinkedHashMap<>();
            Map<String, List<Long>> biases = new LinkedHashMap<>();
            model.checkpointNames().forEach((name, slice) -> parameters.put(name, slice.shape()));
            model.buffers().forEach((name, tensor) -> biases.put(name, List.copyOf(tensor.shape())));
            return new ExpectedTensors(parameters, biases);
        });
    }
}
