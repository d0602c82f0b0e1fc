package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.huggingface.AdapterFolder;
import java.util.List;
import java.util.Optional;

/** Checks that low-rank updates fit the model and the other keys. */
final class LoraRules {
    private static final String RANK = "lora.rank";
    private static final String ALPHA = "lora.alpha";
    private static final String TARGETS = "lora.targets";
    private static final String EXPORT = "lora.export";
    private static final String ADAPTER = "lora.from";
    private static final String FROM = "model.from";
    private static final String PREDICTION = "model.num_nextn_predict_layers";
    /** The largest rank. With a larger one, the updates of any existing model cost more than its matrices. */
    private static final int MOST = 4096;
    /**
     * The largest alpha / rank; 1 or 2 is usual. After the first step of AdamW, elements of b are as large as the learning rate. With a learning rate of
     * 1e-4, this factor gives updates of order 1 times a · x, far too large for any fine-tuning.
     */
    private static final double MOST_SCALE = 10_000;
    /** The smallest alpha / rank. Gradients with respect to b have this factor: a gradient of 1e-3 becomes 1e-8, which is AdamW's epsilon. */
    private static final double LEAST_SCALE = 1e-5;
    /** The version of the kernels' SPI that added the products which low-rank updates of experts need. */
    private static final SpiVersion ADDED = SpiVersion.parse("1.2");

    private LoraRules() {}

    static void check(Registry registry, TrainerConfig config, Optional<ModelSpec> spec, Findings findings) {
        LoraConfig lora = config.lora();
        if (lora.from().isPresent()) {
            try {
                ConfiguredLora.read(lora.from().get());
            } catch (InputException e) {
                lora.from().filter(folder -> !AdapterFolder.isOne(folder)).flatMap(OtherFolder::of).ifPresentOrElse(
                        other -> findings.require(false, other.rule(), other.remedy(), ADAPTER),
                        () -> findings.require(false, String.valueOf(e.getMessage()), "", ADAPTER));
                return;
            }
            findings.require(config.model().from().isPresent(),
                    "these updates belong to the weights of a model folder, and the run would start from random ones",
                    "set " + FROM + " to the folder of the model with which they were trained", ADAPTER, FROM);
        }
        findings.require(lora.rank() >= 0 && lora.rank() <= MOST, "it must lie between 0 and " + MOST,
                "8 to 64 are usual; 0 trains all parameters", RANK);
        double scale = lora.alpha() / Math.max(1, lora.rank());
        findings.require(scale >= LEAST_SCALE && scale <= MOST_SCALE,
                "alpha / rank must lie between 0.00001 and 10000",
                "once or twice the rank is usual", ALPHA, RANK);
        if (!lora.isOn()) {
            findings.require(lora.export().isEmpty(), "there are no low-rank updates to be written",
                    "set " + RANK + " above 0, or write the model with checkpoint.export", EXPORT, RANK);
            return;
        }
        findings.require(config.model().numNextnPredictLayers().orElse(0) == 0,
                "low-rank updates do not train modules for multi-token prediction",
                "set " + PREDICTION + " to auto or 0, which leaves them as they are, or " + RANK + " to 0", PREDICTION,
                RANK);
        spec.ifPresent(model -> targets(registry, config, model, findings));
        saved(config, findings);
    }

    private static void targets(Registry registry, TrainerConfig config, ModelSpec model, Findings findings) {
        List<String> known = model.adapterTargets();
        if (known.isEmpty()) {
            findings.require(false, model.name() + " has no low-rank updates",
                    "set " + RANK + " to 0, or take a newer version of the model's plug-in", RANK, "model.name");
            return;
        }
        List<String> unknown = config.lora().targetNames().stream().filter(name -> !known.contains(name)).toList();
        String choice = "choose from " + String.join(", ", known);
        findings.require(!config.lora().targetNames().isEmpty(), "it names no matrix", choice, TARGETS);
        findings.require(unknown.isEmpty(), model.name() + " has no " + String.join(", ", unknown),
                unknown.stream().findFirst().flatMap(name -> NearestKey.of(name, known))
                        .map(near -> "the nearest is " + near + "; ").orElse("") + choice,
                TARGETS);
        if (model.moe().isPresent()) {
            registry.all(ExpertKernelsProvider.class).stream()
                    .filter(kernels -> kernels.id().equals(config.model().expertKernels()))
                    .forEach(kernels -> findings.require(SpiVersion.parse(kernels.spiVersion()).isSince(ADDED),
                            "these kernels were built against version " + kernels.spiVersion()
                                    + " of their SPI, and only"
                                    + " those of " + ADDED + " and later add low-rank updates of experts",
                            "choose other kernels, or take a newer version of the plug-in", "model.expert_kernels",
                            RANK));
        }
    }

    /** A checkpoint has only the updates, and the path of the folder with the model's weights. Saving is therefore possible only with such a folder. */
    private static void saved(TrainerConfig config, Findings findings) {
        boolean from = config.model().from().isPresent();
        String remedy = "set " + FROM + " to the model folder that is fine-tuned";
        String rule = "a checkpoint or an export has only the low-rank updates, so that their model must be a folder";
        findings.require(from || !config.checkpoint().enable(), rule, remedy, "checkpoint.enable", RANK, FROM);
        findings.require(from || config.checkpoint().export().isEmpty(), rule, remedy, "checkpoint.export", RANK, FROM);
        findings.require(from || config.lora().export().isEmpty(), rule, remedy, EXPORT, FROM);
    }
}
