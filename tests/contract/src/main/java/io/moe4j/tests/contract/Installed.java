package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.Provider;
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

    private static <P extends Provider> P find(ServiceLoader<P> loader, String id, String what) {
        List<P> all = loader.stream().map(ServiceLoader.Provider::get).toList();
        return all.stream().filter(provider -> provider.id().equals(id)).findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "there is no " + what + " \"" + id + "\" on the path; there are "
                                + all.stream().map(Provider::id).toList()
                                + ": add the artifact that has it as a test dependency"));
    }
}
