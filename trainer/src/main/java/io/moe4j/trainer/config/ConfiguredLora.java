package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.trainer.huggingface.AdapterFolder;
import java.nio.file.Path;

/** Low-rank updates that are read from a folder, which also gives their rank, alpha and targets. */
final class ConfiguredLora {

    private ConfiguredLora() {}

    /** The configuration with the values of the folder {@code lora.from}, if it names one that can be read. */
    static TrainerConfig named(TrainerConfig config) {
        if (config.lora().from().isEmpty()) {
            return config;
        }
        try {
            LoraSpec spec = read(config.lora().from().get());
            return config.withLora(config.lora().withRank(spec.rank()).withAlpha(spec.alpha())
                    .withTargets(String.join(",", spec.targets())));
        } catch (InputException e) {
            // LoraRules reports this problem.
            return config;
        }
    }

    /** @throws InputException if the folder cannot be used */
    static LoraSpec read(Path folder) {
        try (AdapterFolder adapters = AdapterFolder.open(folder)) {
            return adapters.spec();
        }
    }
}
