package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.huggingface.FolderWriter;
import java.nio.file.Path;
import java.util.Optional;

/** Checks before the first step whether the model can be exported after the last. */
final class ExportRules {
    private static final String EXPORT = "checkpoint.export";
    private static final String MODEL = "model.name";

    private ExportRules() {}

    static void check(Registry registry, TrainerConfig config, Optional<ModelSpec> spec, Findings findings) {
        config.checkpoint().export().ifPresent(folder -> {
            place(folder, findings);
            spec.ifPresent(model -> form(registry, config, model, findings));
        });
    }

    private static void place(Path folder, Findings findings) {
        try {
            FolderWriter.requireFree(folder);
        } catch (InputException e) {
            findings.require(false, String.valueOf(e.getMessage()), "", EXPORT);
        }
    }

    private static void form(Registry registry, TrainerConfig config, ModelSpec model, Findings findings) {
        try {
            boolean written = registry.get(ModelProvider.class, config.model().name()).toHuggingFace(model).isPresent();
            findings.require(written, "the provider of this model writes no config.json",
                    "leave " + EXPORT + " empty, or take a newer version of the plug-in", EXPORT, MODEL);
        } catch (IllegalArgumentException e) {
            findings.require(false, String.valueOf(e.getMessage()), "leave " + EXPORT + " empty", EXPORT, MODEL);
        }
    }
}
