package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.trainer.huggingface.FolderConfig;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Checks that the named plug-ins exist, can be used here, and fit together. */
final class PlugInRules {
    private static final String DEVICE = "device";
    private static final String DEVICES = "runtime.devices";
    private static final String BACKEND = "model.moe_comm_backend";
    private static final String KERNELS = "model.expert_kernels";
    private static final String COLLECTIVES = "runtime.collectives";
    private static final String RECOMPUTE = "activation_checkpoint.mode";
    private static final String BUDGET = "activation_checkpoint.memory_budget";
    private static final String CAPTURE = "graph_capture.enable";
    private static final String ROUNDING = "optimizer.parameter_rounding";
    private static final String BOUNDARIES = "data.document_boundaries";
    private static final String FROM = "model.from";
    private static final String DEDUP = "moe.dedup";
    private static final String OVERLAP = "training.overlap";
    private static final String CAPACITY = "moe.receive_capacity";
    private static final String OVERFLOW = "moe.on_overflow";

    private final Registry registry;
    private final TrainerConfig config;
    private final Findings findings;

    private PlugInRules(Registry registry, TrainerConfig config, Findings findings) {
        this.registry = registry;
        this.config = config;
        this.findings = findings;
    }

    /** The model that the configuration names; empty, with a finding, if there is no such model. */
    static Optional<ModelSpec> model(Registry registry, TrainerConfig config, Findings findings) {
        if (config.model().from().isPresent()) {
            return ofFolder(registry, config, findings);
        }
        Optional<ModelProvider> provider = new PlugInRules(registry, config, findings)
                .named(ModelProvider.class, config.model().name(), "model.name");
        try {
            return provider.map(models -> models.flavor(config.model().flavor())
                    .withMoeCommBackend(config.model().moeCommBackend()))
                    .flatMap(spec -> predicting(config, spec, findings));
        } catch (IllegalArgumentException e) {
            findings.require(false, Shown.of(e.getMessage()), provider.flatMap(models -> NearestKey
                    .of(config.model().flavor(), models.flavors())).map(near -> "the nearest is " + near)
                    .orElse("choose one of them"), "model.flavor");
            return Optional.empty();
        }
    }

    private static Optional<ModelSpec> predicting(TrainerConfig config, ModelSpec spec, Findings findings) {
        try {
            return Optional.of(ConfiguredModel.predicting(config, spec));
        } catch (IllegalArgumentException e) {
            findings.require(false, Shown.of(e.getMessage()), "", "model.num_nextn_predict_layers");
            return Optional.empty();
        }
    }

    private static Optional<ModelSpec> ofFolder(Registry registry, TrainerConfig config, Findings findings) {
        try {
            return Optional.of(ConfiguredModel.spec(config, registry));
        } catch (InputException e) {
            config.model().from().filter(folder -> !(e.getCause() instanceof AccessDeniedException))
                    .filter(folder -> !Files.exists(folder.resolve(FolderConfig.NAME)))
                    .flatMap(OtherFolder::of).ifPresentOrElse(
                            other -> findings.require(false, other.rule(), other.remedy(), FROM),
                            () -> findings.require(false, String.valueOf(e.getMessage()), "", FROM));
            return Optional.empty();
        }
    }

    /** @param spec the model, if it is known. A model without experts uses no exchange and no expert kernels, so that these are not checked */
    static void check(Registry registry, TrainerConfig config, Optional<ModelSpec> spec, ConfigUse use,
            Findings findings) {
        boolean experts = spec.isEmpty() || spec.get().moe().isPresent();
        PlugInRules rules = new PlugInRules(registry, config, findings);
        Optional<DeviceProvider> device = rules.named(DeviceProvider.class, config.device(), DEVICE);
        Optional<CommBackendProvider> backend = experts
                ? rules.named(CommBackendProvider.class, config.model().moeCommBackend(), BACKEND)
                : Optional.empty();
        Optional<ExpertKernelsProvider> kernels = experts
                ? rules.named(ExpertKernelsProvider.class, config.model().expertKernels(), KERNELS)
                : Optional.empty();
        Optional<RecomputePolicyProvider> recompute = rules.named(RecomputePolicyProvider.class,
                config.activationCheckpoint().mode(), RECOMPUTE);
        Optional<CollectivesProvider> collectives = config.runtime().collectives()
                .flatMap(id -> rules.named(CollectivesProvider.class, id, COLLECTIVES));
        recompute.ifPresent(rules::budget);
        if (use.runs()) {
            device.ifPresent(provider -> rules.available(provider, DEVICE));
            backend.ifPresent(provider -> rules.available(provider, BACKEND));
            kernels.ifPresent(provider -> rules.available(provider, KERNELS));
            collectives.ifPresent(provider -> rules.available(provider, COLLECTIVES));
            device.map(PlugInRules::kind).ifPresent(kind -> {
                backend.ifPresent(provider -> rules.runsOn(provider, each -> each.supports(kind), kind, BACKEND));
                kernels.ifPresent(provider -> rules.runsOn(provider, each -> each.supports(kind), kind, KERNELS));
                collectives
                        .ifPresent(provider -> rules.runsOn(provider, each -> each.supports(kind), kind, COLLECTIVES));
            });
        }
        device.filter(provider -> use.runs() || kind(provider).equals(DeviceKind.CPU)).ifPresent(rules::enough);
        device.ifPresent(rules::rounding);
        device.ifPresent(rules::optimizer);
        device.ifPresent(provider -> rules.microbatches(provider, spec));
        device.ifPresent(provider -> spec.ifPresent(model -> rules.operations(provider, model)));
        if (config.moe().sequenceBalanceCoeff() > 0 || config.moe().routerZCoeff() > 0) {
            device.ifPresent(provider -> rules.routerLosses(provider, spec));
        }
        if (config.data().documentBoundaries()) {
            device.ifPresent(provider -> rules.boundaries(provider, spec));
        }
        backend.ifPresent(provider -> rules.backend(provider, recompute));
        backend.ifPresent(provider -> device.map(PlugInRules::kind).ifPresent(kind -> rules.rounds(provider, kind)));
        if (config.training().overlap() == Overlap.ON) {
            collectives
                    .or(() -> device
                            .flatMap(provider -> Asking.of(provider, "collectivesId", DeviceProvider::collectivesId))
                            .flatMap(id -> rules.named(CollectivesProvider.class, id, COLLECTIVES)))
                    .ifPresent(rules::overlap);
        }
        if (config.graphCapture().enable()) {
            device.ifPresent(rules::capture);
            collectives.ifPresent(
                    provider -> findings.require(Asking.of(provider, "capturable", CollectivesProvider::capturable),
                            "operations of these collectives cannot be captured",
                            "set " + CAPTURE + " to false, or choose other collectives", CAPTURE, COLLECTIVES));
        }
    }

    private void overlap(CollectivesProvider collectives) {
        if (!Asking.of(collectives, "concurrent", CollectivesProvider::concurrent)) {
            findings.require(false,
                    "the collectives \"" + collectives.id()
                            + "\" cannot run on two streams of a rank at the same time",
                    "set " + OVERLAP + " to auto or off, or choose collectives that can: "
                            + able(CollectivesProvider.class, "concurrent", CollectivesProvider::concurrent),
                    OVERLAP, COLLECTIVES);
        }
    }

    private <P extends Provider> Optional<P> named(Class<P> spi, String id, String key) {
        try {
            return findings.readable(key) ? Optional.of(registry.get(spi, id)) : Optional.empty();
        } catch (IllegalArgumentException e) {
            findings.require(false, String.valueOf(e.getMessage()), TorchtitanNames.value(key, id)
                    .or(() -> NearestKey.of(id, registry.all(spi).stream().map(Provider::id).toList())
                            .map(near -> "the nearest is " + near))
                    .orElse(""), key);
            return Optional.empty();
        }
    }

    private void available(Provider provider, String key) {
        if (Asking.of(provider, "probe",
                Provider::probe) instanceof Availability.Unavailable(String reason, String remedy)) {
            findings.require(false, "it is not available on this machine: " + reason, remedy, key);
        }
    }

    /** If nothing is run, only the CPU device is checked: it is on every machine, while the configuration's device may be on another one. */
    private void enough(DeviceProvider provider) {
        int wanted = config.runtime().devices();
        if (wanted > 1 && Asking.of(provider, "probe", Provider::probe) instanceof Availability.Available) {
            int there = Asking.of(provider, "deviceCount", DeviceProvider::deviceCount).orElse(wanted);
            findings.require(wanted <= there, "this process sees " + there + " of them",
                    "set " + DEVICES + " to " + Math.max(1, there) + (there > 1 ? " or less" : "") + ", or "
                            + (kind(provider).equals(DeviceKind.CPU) ? "choose another device"
                                    : "make more visible (for CUDA: CUDA_VISIBLE_DEVICES)"),
                    DEVICES, DEVICE);
        }
    }

    /** A device that was built before roundings could be chosen ignores the choice, and rounds to the nearest. */
    private void rounding(DeviceProvider provider) {
        findings.require(isSince("1.2", provider)
                || config.optimizer().parameterRounding() == ParameterRounding.NEAREST,
                "this device's plug-in was built against version " + provider.spiVersion()
                        + " of its SPI, and only those of 1.2 and later round stochastically",
                "set " + ROUNDING + " to nearest, or take a newer version of the plug-in", ROUNDING, DEVICE);
    }

    /** A device that was built before SPI 1.4 lacks the operations of Muon, and cannot access the host's memory. */
    private void optimizer(DeviceProvider provider) {
        findings.require(isSince("1.4", provider) || config.optimizer().name() == OptimizerName.ADAMW,
                "this device's plug-in was built against version " + provider.spiVersion()
                        + " of its SPI, and only those of 1.4 and later have the operations of Muon",
                "set optimizer.name to adamw, or take a newer version of the plug-in", "optimizer.name", DEVICE);
        findings.require(isSince("1.4", provider) || !config.optimizer().offload(),
                "this device's plug-in was built against version " + provider.spiVersion()
                        + " of its SPI, and only those of 1.4 and later reach the host's memory",
                "set optimizer.offload to false, or take a newer version of the plug-in", "optimizer.offload", DEVICE);
    }

    /** A device that was built before an operation was added cannot run a model that uses it. */
    private void operations(DeviceProvider provider, ModelSpec model) {
        findings.require(isSince(model.deviceSpi(), provider),
                "this device's plug-in was built against version " + provider.spiVersion() + " of its SPI, and "
                        + model.name() + " uses operations of version " + model.deviceSpi(),
                "choose another model or device, or take a newer version of the device's plug-in", "model.name",
                DEVICE);
    }

    /** A device that was built before microbatches were added counts the tokens of one microbatch only. */
    private void microbatches(DeviceProvider device, Optional<ModelSpec> model) {
        findings.require(
                config.microbatches() == 1 || isSince("1.3", device) || model.flatMap(ModelSpec::moe).isEmpty(),
                "this device's plug-in was built against version " + device.spiVersion()
                        + " of its SPI, and only those of 1.3 and later count the tokens of several microbatches",
                "set training.gradient_accumulation_steps to 1, or take a newer version of the plug-in",
                "training.gradient_accumulation_steps", DEVICE);
    }

    /** A device or a model that was built before document boundaries were added would ignore them, and attend across documents. */
    private void boundaries(DeviceProvider device, Optional<ModelSpec> model) {
        findings.require(isSince("1.4", device),
                "this device's plug-in was built against version " + device.spiVersion()
                        + " of its SPI, and only those of 1.4 and later keep documents apart",
                "set " + BOUNDARIES + " to false, or take a newer version of the plug-in", BOUNDARIES, DEVICE);
        model.ifPresent(spec -> findings.require(spec.keepsDocumentsApart(),
                spec.name() + " does not keep the documents of a sequence apart",
                "set " + BOUNDARIES + " to false, or choose a model that does", BOUNDARIES, "model.name"));
    }

    /** A device or a model that was built before the router's auxiliary losses were added would ignore them. */
    private void routerLosses(DeviceProvider device, Optional<ModelSpec> model) {
        String[] keys = {"moe.sequence_balance_coeff", "moe.router_z_coeff"};
        findings.require(isSince("1.4", device),
                "this device's plug-in was built against version " + device.spiVersion()
                        + " of its SPI, and only those of 1.4 and later have losses of routing",
                "set both to 0, or take a newer version of the plug-in", keys[0], keys[1], DEVICE);
        model.ifPresent(spec -> findings.require(spec.hasRouterLosses(), spec.name() + " has no losses of routing",
                "set both to 0, or choose a model with experts that has them", keys[0], keys[1], "model.name"));
    }

    private static DeviceKind kind(DeviceProvider device) {
        return Asking.of(device, "kind", DeviceProvider::kind);
    }

    /** Ids of the plug-ins for which the question is true. */
    private <P extends Provider> List<String> able(Class<P> spi, String method, Predicate<P> question) {
        return Asking.able(registry.all(spi), method, question).stream().map(Provider::id).toList();
    }

    private <P extends Provider> void runsOn(P provider, Function<P, Boolean> supports, DeviceKind kind, String key) {
        findings.require(Asking.of(provider, "supports", supports), "it does not run on devices of kind " + kind,
                "choose another, or another device", key, DEVICE);
    }

    private void backend(CommBackendProvider provider, Optional<RecomputePolicyProvider> recompute) {
        CommRequirements needs = ExchangeNeeds.of(provider);
        if (needs.needsFullRecompute() && recompute
                .map(policy -> !Asking.of(policy, "recomputesFully", RecomputePolicyProvider::recomputesFully))
                .orElse(false)) {
            List<String> full = able(RecomputePolicyProvider.class, "recomputesFully",
                    RecomputePolicyProvider::recomputesFully);
            findings.require(false,
                    "this backend needs full recompute: rows that it received are gone by the time of backward",
                    "set " + RECOMPUTE + " to " + String.join(" or ", full), BACKEND, RECOMPUTE);
        }
        findings.require(!(needs.synchronisesWithHost() && config.graphCapture().enable()),
                "this backend waits on the host inside forward and backward, which cannot be captured",
                "set " + CAPTURE + " to false, or choose a backend that does not wait", BACKEND, CAPTURE);
        findings.require(
                !needs.worstCaseOnly() || config.moe().receiveCapacity() instanceof ReceiveCapacity.WorstCase,
                "this backend has the worst-case capacity only",
                "set " + CAPACITY + " to worst_case, or choose another backend", BACKEND, CAPACITY);
        findings.require(
                Asking.of(provider, "sendsRowsOnce", CommBackendProvider::sendsRowsOnce)
                        || config.moe().dedup() != Dedup.ON,
                "this backend sends a row once for each expert, even to a rank that has several of them",
                "set " + DEDUP + " to auto or off, or choose another backend", BACKEND, DEDUP);
        // Statistics came with 1.1.
        findings.require(PlugInFit.reportsOverflows(isSince("1.1", provider), config), PlugInFit.OVERFLOW_UNREPORTED,
                PlugInFit.OVERFLOW_REMEDY, BACKEND, CAPACITY);
    }

    private void budget(RecomputePolicyProvider recompute) {
        if (!(config.activationCheckpoint().memoryBudget() instanceof MemoryBudget.Auto)
                && !Asking.of(recompute, "takesBudget", RecomputePolicyProvider::takesBudget)) {
            List<String> takers = able(RecomputePolicyProvider.class, "takesBudget",
                    RecomputePolicyProvider::takesBudget);
            findings.require(false, "this mode ignores the budget",
                    "set " + RECOMPUTE + " to " + String.join(" or ", takers) + ", or leave the budget out", BUDGET,
                    RECOMPUTE);
        }
    }

    /** Rows that do not fit need a backend that exchanges rows in rounds, or must be allowed to be lost. */
    private void rounds(CommBackendProvider provider, DeviceKind kind) {
        if (!findings.readable(CAPACITY, OVERFLOW)) {
            return;
        }
        boolean supported = Asking.of(provider, "supportsRounds", each -> each.supportsRounds(kind));
        OverflowAction action = config.moe().overflowAction(supported);
        boolean missing = action == OverflowAction.ROUNDS && !supported;
        List<String> able = missing
                ? able(CommBackendProvider.class, "supportsRounds",
                        each -> each.supports(kind) && each.supportsRounds(kind))
                : List.of();
        findings.require(!missing,
                "this backend does not exchange rows in rounds on devices of kind " + kind,
                "set " + OVERFLOW + " to fail or drop, or choose a backend that does: " + able, BACKEND, OVERFLOW);
        findings.require(!(config.moe().receiveCapacity() instanceof ReceiveCapacity.Factor(double factor))
                || factor >= 1 || action == OverflowAction.ROUNDS,
                "a capacity below 1 does not even hold balanced routing, so that each step would overflow",
                "set " + CAPACITY + " to 1 or more" + (supported ? ", or " + OVERFLOW + " to rounds" : ""), CAPACITY,
                OVERFLOW);
        findings.require(supported || config.moe().onOverflow().isPresent() || config.moe().forceLoadBalance()
                || !(config.moe().receiveCapacity() instanceof ReceiveCapacity.Balanced),
                "the balanced capacity holds forced round-robin routing only, and this backend does not exchange rows in"
                        + " rounds",
                "set moe.force_load_balance, or " + CAPACITY + " to worst_case or a factor", CAPACITY, BACKEND);
    }

    private void capture(DeviceProvider device) {
        boolean exists = registry.all(GraphCaptureProvider.class).stream()
                .filter(provider -> provider.id().equals(device.captureId()))
                .anyMatch(provider -> Asking.of(provider, "supports", each -> each.supports(kind(device))));
        findings.require(exists,
                "the capture that this device needs, \"" + device.captureId() + "\", is not there; known are "
                        + registry.all(GraphCaptureProvider.class).stream().map(Provider::id).toList(),
                "set " + CAPTURE + " to false, or add the jar that has it to the plug-in path", CAPTURE, DEVICE);
    }

    /** Whether a plug-in was built against {@code version} of its SPI or a later one, and so knows what that version added. */
    private static boolean isSince(String version, Provider provider) {
        return SpiVersion.parse(provider.spiVersion()).isSince(SpiVersion.parse(version));
    }
}
