package io.moe4j.profile;

import io.moe4j.api.Stability;

/**
 * A span that is over. Times are nanoseconds since the profile began.
 *
 * @param name what was done, such as {@code "dispatch"}
 * @param detail what it was done with; may be empty
 * @param step in which step
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
