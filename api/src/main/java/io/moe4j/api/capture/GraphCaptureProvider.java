package io.moe4j.api.capture;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Provider;

/**
 * The SPI of graph capture: recording a step's device work once, and replaying it.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface GraphCaptureProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. */
    String SPI_VERSION = "1.1";

    /** Whether this plug-in captures on devices of this kind. */
    boolean supports(DeviceKind kind);

    /** Opens the capture of one rank. */
    GraphCapture open(RankContext context);
}
