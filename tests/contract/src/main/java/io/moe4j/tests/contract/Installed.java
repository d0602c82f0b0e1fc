package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.Provider;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.List;
import java.util.ServiceLoader;

/**
 * The providers that come with the modules on the path, by their ids: plug-ins export nothing, so that tests on the module path cannot name their
 * classes.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Installed {

    private Installed() {}

    /** A device, such as {@code "cpu"}. */
    public static DeviceProvider device(String id) {
        return find(ServiceLoader.load(DeviceProvider.class), id, "device");
    }

    /** The collectives that a device has by itself, or the first ones that run on it. */
    public static CollectivesProvider collectives(DeviceProvider device) {
        ServiceLoader<CollectivesProvider> loader = ServiceLoader.load(CollectivesProvider.class);
        return device.collectivesId().map(id -> find(loader, id, "collectives"))
                .or(() -> loader.stream().map(ServiceLoader.Provider::get)
                        .filter(provider -> provider.supports(device.kind())).findFirst())
                .orElseThrow(() -> new IllegalStateException("there are no collectives for " + device.id()
                        + " on the path: add the artifact that has some as a test dependency"));
    }

    /** A graph capture, such as that of {@link DeviceProvider#captureId()}. */
    public static GraphCaptureProvider capture(String id) {
        return find(ServiceLoader.load(GraphCaptureProvider.class), id, "graph capture");
    }

    /**
     * A communication backend, such as {@code "standard"}, for the kit of models.
     *
     * @since 0.3.0
     */
    public static CommBackendProvider exchange(String id) {
        return find(ServiceLoader.load(CommBackendProvider.class), id, "communication backend");
    }

    /**
     * Expert kernels, such as {@code "swiglu"}, for the kit of models.
     *
     * @since 0.3.0
     */
    public static ExpertKernelsProvider expertKernels(String id) {
        return find(ServiceLoader.load(ExpertKernelsProvider.class), id, "expert kernels");
    }

    /**
     * All recompute policies, for the kit of models.
     *
     * @throws IllegalStateException if there are none
     * @since 0.3.0
     */
    public static List<RecomputePolicyProvider> recomputePolicies() {
        List<RecomputePolicyProvider> all = ServiceLoader.load(RecomputePolicyProvider.class).stream()
                .map(ServiceLoader.Provider::get).toList();
        if (all.isEmpty()) {
            throw new IllegalStateException("there are no recompute policies on the path: add"
                    + " moe4j-activation-checkpoint as a test dependency");
        }
        return all;
    }

    private static <P extends Provider> P find(ServiceLoader<P> loader, String id, String what) {
        List<P> all = loader.stream().map(ServiceLoader.Provider::get).toList();
        return all.stream().filter(provider -> provider.id().equals(id)).findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "there is no " + what + " \"" + id + "\" on the path; there are "
                                + all.stream().map(Provider::id).toList()
                                + ": add the artifact that has it as a test dependency"));
    }
}
