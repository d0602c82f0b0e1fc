package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.huggingface.FolderWriter;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import java.nio.file.Path;
import java.util.Optional;

/** Checks before the first step whether the model can be exported after the last. */
final class ExportRules {
    private static final String EXPORT = "checkpoint.export";
    private static final String UPDATES = "lora.export";
    private static final String MODEL = "model.name";

    private ExportRules() {}

    /**
     * Checks what is exported.
     *
     * @param output the run's folder, if it is known
     */
    static void check(Registry registry, TrainerConfig config, Optional<ModelSpec> spec, Optional<Path> output,
            Findings findings) {
        config.checkpoint().export().ifPresent(folder -> apart(folder, EXPORT, output, findings));
        config.lora().export().ifPresent(folder -> apart(folder, UPDATES, output, findings));
        config.checkpoint().export().ifPresent(model -> config.lora().export().ifPresent(
                updates -> findings.require(!isWithin(model, updates) && !isWithin(updates, model),
                        "each is a folder by itself", "give the names of two folders, none within the other", EXPORT,
                        UPDATES)));
        config.lora().export().filter(folder -> config.lora().isOn())
                .ifPresent(folder -> place(folder, UPDATES, findings));
        config.checkpoint().export().ifPresent(folder -> {
            place(folder, EXPORT, findings);
            spec.ifPresent(model -> form(registry, config, model, findings));
        });
    }

    /** The export needs a path that does not exist yet; the run creates its own folder, and that of its checkpoints, long before the export. */
    private static void apart(Path folder, String key, Optional<Path> output, Findings findings) {
        output.filter(run -> isWithin(run.resolve(CheckpointChoice.CHECKPOINTS), folder)).ifPresent(
                run -> findings.require(false, "the run itself writes there: its folder is " + Shown.of(run),
                        "give the name of a new folder, such as " + Shown.of(run.resolve("model")), key));
    }

    private static boolean isWithin(Path inner, Path outer) {
        return inner.toAbsolutePath().normalize().startsWith(outer.toAbsolutePath().normalize());
    }

    private static void place(Path folder, String key, Findings findings) {
        try {
            FolderWriter.requireFree(folder);
        } catch (InputException e) {
            findings.require(false, String.valueOf(e.getMessage()), "", key);
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
