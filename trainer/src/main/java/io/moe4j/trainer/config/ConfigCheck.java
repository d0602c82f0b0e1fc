package io.moe4j.trainer.config;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Applies all rules to a configuration. Opens no device and no model. */
final class ConfigCheck {

    private ConfigCheck() {}

    /**
     * All problems of a configuration.
     *
     * @param replaced the given values of keys whose value comes from a folder
     * @param broken keys whose values could not be read
     */
    static List<Problem> problems(Registry registry, TrainerConfig config, ReplacedKeys replaced, ConfigUse use,
            Set<String> broken) {
        Findings findings = new Findings(config, broken);
        RangeRules.check(config, findings);
        LayoutRules.check(config, findings);
        Optional<ModelSpec> spec = use.spec().or(() -> PlugInRules.model(registry, config, findings));
        spec.ifPresent(model -> LayoutRules.checkModel(config, model, findings));
        PlugInRules.check(registry, config, spec, use, findings);
        ProductRules.check(registry, config, spec, findings);
        LoraRules.check(registry, config, spec, findings);
        replaced.check(spec, findings);
        PlugInTables.check(registry, config, findings);
        SourceTables.check(config.data(), config.validation(), findings);
        if (use.readsData()) {
            ExportRules.check(registry, config, spec, use.output(), findings);
            InputRules.check(registry, config, spec, use.output(), findings);
        }
        return findings.problems();
    }
}
