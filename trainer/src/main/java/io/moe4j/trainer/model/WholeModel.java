package io.moe4j.trainer.model;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.autograd.model.Model;
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
import java.util.function.Function;

/** The names and shapes of all tensors of a model. It is opened on a device that only counts, so that this takes no memory. */
final class WholeModel {

    private WholeModel() {}

    static ExpectedTensors tensors(ModelSpec given, Registry registry) {
        return describe(given, registry, Optional.empty(), model -> {
            Map<String, List<Long>> parameters = new LinkedHashMap<>();
            Map<String, List<Long>> biases = new LinkedHashMap<>();
            model.checkpointNames().forEach((name, slice) -> parameters.put(name, slice.shape()));
            model.buffers().forEach((name, tensor) -> biases.put(name, List.copyOf(tensor.shape())));
            return new ExpectedTensors(parameters, biases, model.repeatedNames());
        });
    }

    /** The names and shapes of the matrices of low-rank updates of a model. */
    static Map<String, List<Long>> adapters(ModelSpec given, LoraSpec lora, Registry registry) {
        return describe(given.withPredictionDepth(0), registry, Optional.of(lora), model -> {
            Map<String, List<Long>> matrices = new LinkedHashMap<>();
            model.adapterNames().forEach((name, slice) -> matrices.put(name, slice.shape()));
            return matrices;
        });
    }

    private static <T> T describe(ModelSpec given, Registry registry, Optional<LoraSpec> lora,
            Function<Model, T> told) {
        TrainerConfig plain = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of("training.seq_len=1").overrides(),
                new ConfigUse(false, false, Optional.of(given), Optional.empty()));
        TrainerConfig config = lora.map(updates -> plain.withLora(plain.lora().withRank(updates.rank())
                .withAlpha(updates.alpha()).withTargets(String.join(",", updates.targets())))).orElse(plain);
        ModelSpec spec = given.withMoeCommBackend(config.model().moeCommBackend());
        return MemoryPlanner.describe(config, spec, Providers.choose(config, spec, registry), told);
    }
}
