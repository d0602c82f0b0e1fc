package io.moe4j.trainer.config;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import java.util.Optional;

/** Checks the types of operands of products, of rows that are sent, and of parameters that are kept. */
final class ProductRules {
    private static final String EXPERTS = "training.expert_dtype";
    private static final String DENSE = "training.dense_dtype";
    private static final String ROWS = "moe.dispatch_dtype";
    private static final String TYPE = "training.dtype";
    private static final String CONVERTED = "training.keep_converted";
    private static final String OFF = "set " + CONVERTED + " to auto or off";
    private static final String RESHARD = "parallelism.reshard_after_forward";
    private static final String LORA = "lora.rank";

    private final Registry registry;
    private final TrainerConfig config;
    private final Findings findings;

    private ProductRules(Registry registry, TrainerConfig config, Findings findings) {
        this.registry = registry;
        this.config = config;
        this.findings = findings;
    }

    static void check(Registry registry, TrainerConfig config, Optional<ModelSpec> spec, Findings findings) {
        ProductRules rules = new ProductRules(registry, config, findings);
        rules.same(config.training().expertDtype(), EXPERTS);
        rules.same(config.training().denseDtype(), DENSE);
        rules.same(config.moe().dispatchDtype(), ROWS);
        rules.converted();
        rules.gathered();
        boolean experts = spec.isEmpty() || spec.get().moe().isPresent();
        if (isScaled(config.training().denseDtype())) {
            rules.scaled(DENSE);
        }
        if (isScaled(config.training().expertDtype())) {
            rules.scaled(EXPERTS);
            findings.require(experts, "the model has no experts", "set " + EXPERTS + " to auto", EXPERTS);
            rules.since(ExpertKernelsProvider.class, "model.expert_kernels", config.model().expertKernels(), "1.2",
                    EXPERTS);
        }
        if (isScaled(config.moe().dispatchDtype())) {
            rules.dispatched();
        }
    }

    private static boolean isScaled(Optional<DType> type) {
        return type.filter(DType::isScaled).isPresent();
    }

    private void same(Optional<DType> type, String key) {
        DType activations = config.training().dtype();
        findings.require(type.isEmpty() || type.get().isScaled() || type.get() == activations,
                "it is the type of activations, or one with scales", "set it to auto or float8", key, TYPE);
    }

    private void converted() {
        TrainingConfig training = config.training();
        if (training.keepConverted() != KeepConverted.ON) {
            return;
        }
        findings.require(training.parameterDtype() != training.dtype(),
                "parameters have the type of activations already, so that nothing is converted",
                OFF, CONVERTED, TYPE, "training.parameter_dtype");
        if (config.model().from().isEmpty()) {
            since(ModelProvider.class, "model.name", config.model().name(), "1.4", "convert them once a step", OFF,
                    CONVERTED);
        }
    }

    private void gathered() {
        if (config.parallelism().reshardAfterForward() == ReshardAfterForward.NEVER
                && config.model().from().isEmpty()) {
            since(ModelProvider.class, "model.name", config.model().name(), "1.4", "gather them once a step",
                    "set " + RESHARD + " to auto or always", RESHARD);
        }
    }

    private void scaled(String key) {
        findings.require(!config.lora().isOn(),
                "matrices with low-rank updates are multiplied in the type of activations",
                "set " + key + " to auto, or " + LORA + " to 0", key, LORA);
        since(DeviceProvider.class, "device", config.device(), "1.4", key);
        if (config.model().from().isEmpty()) {
            since(ModelProvider.class, "model.name", config.model().name(), "1.4", key);
        }
    }

    /** A plug-in that was built before types with scales were added would ignore the choice. */
    private <P extends Provider> void since(Class<P> spi, String plugIn, String id, String version, String key) {
        since(spi, plugIn, id, version, "have types with scales", "set " + key + " to auto", key);
    }

    private <P extends Provider> void since(Class<P> spi, String plugIn, String id, String version, String what,
            String remedy, String key) {
        SpiVersion first = SpiVersion.parse(version);
        registry.all(spi).stream().filter(provider -> provider.id().equals(id))
                .forEach(provider -> findings.require(SpiVersion.parse(provider.spiVersion()).isSince(first),
                        "this plug-in was built against version " + provider.spiVersion()
                                + " of its SPI, and only those of " + version + " and later " + what,
                        remedy + ", or take a newer version of the plug-in", key, plugIn));
    }

    private void dispatched() {
        findings.require(isScaled(config.training().expertDtype()),
                "rows with scales are multiplied as they arrive, which needs products of the same type",
                "set " + EXPERTS + " to float8, or " + ROWS + " to auto", ROWS, EXPERTS);
        registry.all(CommBackendProvider.class).stream()
                .filter(backend -> backend.id().equals(config.model().moeCommBackend()))
                .forEach(backend -> registry.all(DeviceProvider.class).stream()
                        .filter(device -> device.id().equals(config.device()))
                        .forEach(device -> findings.require(
                                Asking.of(backend, "supports", each -> each.supports(device.kind(), DType.F8_E4M3)),
                                "this backend carries no rows with scales on devices of kind " + device.kind(),
                                "set " + ROWS + " to auto, or choose another backend or device", ROWS,
                                "model.moe_comm_backend", "device")));
    }
}
