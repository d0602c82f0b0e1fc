package io.moe4j.trainer.plugins;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.SourceProvider;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.List;
import java.util.ServiceLoader;

/**
 * An SPI whose plug-ins the trainer uses.
 *
 * @param type the interface of its providers
 * @param version the SPI's version in this host
 */
record Spi<P extends Provider>(Class<P> type, String version) {

    /** All SPIs; module-info has a {@code uses} clause for each. */
    static List<Spi<?>> all() {
        return List.of(new Spi<>(DeviceProvider.class, DeviceProvider.SPI_VERSION),
                new Spi<>(GraphCaptureProvider.class, GraphCaptureProvider.SPI_VERSION),
                new Spi<>(CollectivesProvider.class, CollectivesProvider.SPI_VERSION),
                new Spi<>(CommBackendProvider.class, CommBackendProvider.SPI_VERSION),
                new Spi<>(ExpertKernelsProvider.class, ExpertKernelsProvider.SPI_VERSION),
                new Spi<>(RecomputePolicyProvider.class, RecomputePolicyProvider.SPI_VERSION),
                new Spi<>(ModelProvider.class, ModelProvider.SPI_VERSION),
                new Spi<>(TokenizerProvider.class, TokenizerProvider.SPI_VERSION),
                new Spi<>(SourceProvider.class, SourceProvider.SPI_VERSION));
    }

    /** Adds the providers of this SPI that a host has. */
    void add(Registry.Builder registry, PluginHost host, String origin) {
        // Called here, because ServiceLoader checks the uses clause of the module that calls it.
        ServiceLoader<P> loader = switch (host) {
            case PluginHost.OfModules(ModuleLayer layer) -> ServiceLoader.load(layer, type);
            case PluginHost.OfClassPath(ClassLoader classes) -> ServiceLoader.load(type, classes);
        };
        registry.add(type, version, loader, origin);
    }
}
