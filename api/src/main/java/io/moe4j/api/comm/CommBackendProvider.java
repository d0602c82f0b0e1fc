package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Provider;

/** The SPI of expert-parallel communication; selected by {@code moe_comm_backend} in the model spec. */
@Stability(Stability.Level.EVOLVING)
public interface CommBackendProvider extends Provider {

    /**
     * The version of this SPI; see {@link Provider#spiVersion()}. 1.1 added {@link CommBackend#statistics()}, 1.2
     * {@link CommRequirements#worstCaseOnly()} and {@link Provider#settings()}.
     */
    String SPI_VERSION = "1.2";

    /** Whether it runs on devices of this kind: only if it brings what it needs there, such as its kernels. */
    boolean supports(DeviceKind kind);

    /** What it needs, and what it rules out; configurations are checked against it before anything is opened. */
    CommRequirements requirements();

    /**
     * Opens it for one rank; every rank of the group does, in the same order. All MoE layers of a model share what is opened here.
     *
     * @throws io.moe4j.api.device.DeviceException if it cannot be opened; whatever was opened half-way is released
     */
    CommBackend open(CommConfig config, CommContext context);
}
