package io.moe4j.app.supervise;

import java.time.Duration;

/**
 * How long processes may take to end by themselves before they are killed.
 *
 * @param asked the time after they were asked to end, for the step under way and a save
 * @param failed the time after one of them has failed: the others learn that within seconds, and have nothing left to do
 */
public record Patience(Duration asked, Duration failed) {

    /** The default, with this time for processes that were asked to end. */
    public static Patience asked(Duration time) {
        return new Patience(time, Duration.ofSeconds(10));
    }
}
