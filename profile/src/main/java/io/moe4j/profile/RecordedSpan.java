package io.moe4j.profile;

import io.moe4j.api.Stability;

/**
 * A completed span. Times are in nanoseconds since the profile began.
 *
 * @param name name of the work, such as {@code "dispatch"}
 * @param detail details of the work; may be empty
 * @param step number of the step
 * @param hostBegin when the rank's thread began
 * @param hostEnd when the rank's thread had enqueued the work
 * @param deviceBegin when the device had finished all earlier work of the stream; negative if the device took no part
 * @param deviceEnd when the device had finished the work
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RecordedSpan(String name, String detail, long step, long hostBegin, long hostEnd, long deviceBegin,
        long deviceEnd) {

    /** Whether it has times of the device. */
    public boolean isOnDevice() {
        return deviceBegin >= 0;
    }
}
