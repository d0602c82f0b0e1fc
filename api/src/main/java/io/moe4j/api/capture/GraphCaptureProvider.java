package io.moe4j.api.capture;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;

/**
 * The SPI of graph capture: recording a step's device work once, and replaying it.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface GraphCaptureProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. 1.2 added {@link #repeats()}. */
    String SPI_VERSION = "1.2";

    /** Whether this plug-in captures on devices of this kind. */
    boolean supports(DeviceKind kind);

    /**
     * Whether its graphs repeat the body of a {@linkplain io.moe4j.api.device.Stream#repeat loop} as often as the value in device memory says. If not, they
     * hold the largest possible number of passes, and passes beyond the end do nothing. Called before anything is opened. Since SPI 1.2.
     *
     * @since 0.3.0
     */
    default Availability repeats() {
        return Availability.unavailable("graphs of " + id() + " hold all passes of a loop",
                "take a newer version of this plug-in, if there is one");
    }

    /** Opens the capture of one rank. */
    GraphCapture open(RankContext context);
}
