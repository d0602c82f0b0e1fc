package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The plug-ins of a run.
 *
 * @param device the devices of the ranks
 * @param collectives gather and reduce shards
 * @param capture records steps; absent if steps are not recorded
 * @param comm exchanges rows between experts; absent in a model without experts
 * @param kernels compute the experts; absent in a model without experts
 * @param recompute decides what blocks keep for backward
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Providers(DeviceProvider device, CollectivesProvider collectives, Optional<GraphCaptureProvider> capture,
        Optional<CommBackendProvider> comm, Optional<ExpertKernelsProvider> kernels,
        RecomputePolicyProvider recompute) {

    /** The plug-ins that a configuration and a model name. */
    public static Providers choose(TrainerConfig config, ModelSpec model, Registry registry) {
        DeviceProvider device = registry.get(DeviceProvider.class, config.device());
        return new Providers(device,
                collectives(config.runtime().collectives().or(device::collectivesId), device, registry),
                config.graphCapture().enable()
                        ? Optional.of(registry.get(GraphCaptureProvider.class, device.captureId()))
                        : Optional.empty(),
                model.moe().map(moe -> registry.get(CommBackendProvider.class, moe.commBackend())),
                model.moe().map(moe -> registry.get(ExpertKernelsProvider.class, config.model().expertKernels())),
                registry.get(RecomputePolicyProvider.class, config.activationCheckpoint().mode()));
    }

    /** With another communication backend. */
    Providers withComm(Optional<? extends CommBackendProvider> exchange) {
        return new Providers(device, collectives, capture, exchange.map(CommBackendProvider.class::cast), kernels,
                recompute);
    }

    /** With other expert kernels. */
    Providers withKernels(Optional<? extends ExpertKernelsProvider> experts) {
        return new Providers(device, collectives, capture, comm, experts.map(ExpertKernelsProvider.class::cast),
                recompute);
    }

    /** All that were chosen. */
    public List<Provider> all() {
        List<Provider> all = new ArrayList<>(List.of(device, collectives));
        capture.ifPresent(all::add);
        comm.ifPresent(all::add);
        kernels.ifPresent(all::add);
        all.add(recompute);
        return all;
    }

    /** Ids of the chosen plug-ins by their purpose, for people. */
    public Map<String, String> ids() {
        Map<String, String> ids = new LinkedHashMap<>();
        ids.put("device", device.id());
        ids.put("collectives", collectives.id());
        ids.put("comm backend", comm.map(CommBackendProvider::id).orElse("none"));
        ids.put("expert kernels", kernels.map(ExpertKernelsProvider::id).orElse("none"));
        ids.put("recompute", recompute.id());
        ids.put("graph capture", capture.map(GraphCaptureProvider::id).orElse("off"));
        return ids;
    }

    /** The collectives with this id; if none is given, the first that run on the device. */
    static CollectivesProvider collectives(Optional<String> id, DeviceProvider device, Registry registry) {
        if (id.isPresent()) {
            return registry.get(CollectivesProvider.class, id.get());
        }
        return Asking.able(registry.all(CollectivesProvider.class), "supports", each -> each.supports(device.kind()))
                .stream()
                .findFirst()
                .orElseThrow(() -> new InputException("no collectives run on device " + device.id() + "; known are "
                        + registry.all(CollectivesProvider.class).stream().map(CollectivesProvider::id).toList()
                        + ". Add a jar that has some to the plug-in path, and name it in runtime.collectives"));
    }
}
