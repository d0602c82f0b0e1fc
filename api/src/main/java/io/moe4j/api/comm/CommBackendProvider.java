package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.tensor.DType;

/**
 * The SPI of expert-parallel communication; selected by {@code moe_comm_backend} in the model spec.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface CommBackendProvider extends Provider {

    /**
     * The version of this SPI; see {@link Provider#spiVersion()}. 1.1 added {@link CommBackend#statistics()}, 1.2
     * {@link CommRequirements#worstCaseOnly()} and {@link Provider#settings()}, 1.3 rows with scales: {@link #supports(DeviceKind, DType)},
     * {@link CommConfig#returnType()} and {@link ReceivedRows#outputs_RD()}; and rows that are sent once: {@link #sendsRowsOnce()},
     * {@link CommConfig#dedup()}; and exchanges in rounds:
     * {@link #supportsRounds}, {@link CommBackend#maxRounds()}, {@link CommBackend#furtherRounds}, {@link DispatchPlan#before_1()},
     * {@link CommBackend#roundStatistics()} and {@link CombineRequest#withWaiting}; and rows that are kept: {@link CommBackend#keptBytes()},
     * {@link CommConfig#keptDispatches()}, {@link DispatchRequest#keepsRows()} and {@link ReceivedRows#release()}.
     */
    String SPI_VERSION = "1.3";

    /** Whether the backend runs on devices of this kind: true only if everything it needs there is present, such as its kernels. */
    boolean supports(DeviceKind kind);

    /**
     * Whether it can exchange rows of this type on devices of this kind; true for a type with scales only if the scales arrive with the rows. Call it before
     * a run: a backend refuses to open for another type. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default boolean supports(DeviceKind kind, DType rowType) {
        return supports(kind) && rowType.isPlainFloating();
    }

    /**
     * Whether it can send a row only once to a rank that has several of its experts, as {@link CommConfig#dedup()} asks. Configurations that require this are
     * refused for other backends. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default boolean sendsRowsOnce() {
        return false;
    }

    /**
     * Whether it can be opened with {@link OverflowAction#ROUNDS} on devices of this kind. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default boolean supportsRounds(DeviceKind kind) {
        return false;
    }

    /** The backend's requirements and restrictions; configurations are checked against them before anything is opened. */
    CommRequirements requirements();

    /**
     * Opens the backend for one rank. Every rank of the group opens it, in the same order. All MoE layers of a model share the opened backend.
     *
     * @throws io.moe4j.api.device.DeviceException if it cannot be opened; whatever was opened by then is released
     */
    CommBackend open(CommConfig config, CommContext context);
}
