package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.Optional;

/** The plug-ins that generating needs. */
record InferenceProviders(DeviceProvider device, CollectivesProvider collectives, Optional<CommBackendProvider> comm,
        Optional<ExpertKernelsProvider> kernels, RecomputePolicyProvider recompute) {
    /** The version of the device SPI that added attention over a cache. */
    private static final SpiVersion NEEDED = SpiVersion.parse("1.4");

    /**
     * The plug-ins that the options name.
     *
     * @throws InputException if one is unknown, not available, or too old
     */
    static InferenceProviders choose(InferenceOptions options, ModelSpec spec, Registry registry) {
        DeviceProvider device = available(known(registry, DeviceProvider.class, options.device()));
        SpiVersion built = SpiVersion.parse(device.spiVersion());
        if (built.major() == NEEDED.major() && built.minor() < NEEDED.minor()) {
            throw new InputException("device \"" + device.id() + "\" was built against version " + built
                    + " of the device SPI, and attention over a cache came with " + NEEDED
                    + "; take a newer version of its plug-in");
        }
        int there = Asking.of(device, "deviceCount", DeviceProvider::deviceCount).orElse(Integer.MAX_VALUE);
        if (options.ordinal() >= there) {
            throw new InputException("device " + device.id() + ":" + options.ordinal() + ": this process sees "
                    + Shown.count(there, "device") + " of the kind, numbered from 0; choose one of them");
        }
        return new InferenceProviders(device,
                Providers.collectives(device.collectivesId(), device, registry),
                spec.moe()
                        .map(moe -> supporting(
                                available(known(registry, CommBackendProvider.class, options.commBackend())),
                                device)),
                spec.moe().map(moe -> available(known(registry, ExpertKernelsProvider.class, options.expertKernels()))),
                registry.get(RecomputePolicyProvider.class, "none"));
    }

    private static <P extends Provider> P known(Registry registry, Class<P> spi, String id) {
        try {
            return registry.get(spi, id);
        } catch (IllegalArgumentException e) {
            throw new InputException(String.valueOf(e.getMessage()), e);
        }
    }

    private static CommBackendProvider supporting(CommBackendProvider comm, DeviceProvider device) {
        if (!Asking.of(comm, "supports", each -> each.supports(device.kind()))) {
            throw new InputException(
                    "the communication backend \"" + comm.id() + "\" does not run on device \"" + device.id()
                            + "\"; choose another one");
        }
        return comm;
    }

    private static <P extends Provider> P available(P provider) {
        if (Asking.of(provider, "probe", Provider::probe) instanceof Availability.Unavailable missing) {
            throw new InputException("\"" + provider.id() + "\" cannot be used here: " + missing.reason() + "; "
                    + missing.remedy());
        }
        return provider;
    }
}
