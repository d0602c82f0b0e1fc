package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Provider;

/**
 * The SPI of expert kernels.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ExpertKernelsProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. 1.2 added {@link ExpertKernels#supports} and
     * {@link ExpertKernels#quantize}, rows that are computed in parts: {@link GroupedProduct.Forward#before_1()}, and products that are added:
     * {@link GroupedProduct.Forward#accumulate()}. */
    String SPI_VERSION = "1.2";

    /** Whether the kernels run on devices of this kind. */
    boolean supports(DeviceKind kind);

    /** Opens the kernels for one rank. */
    ExpertKernels open(RankContext context);
}
