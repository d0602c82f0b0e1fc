package io.moe4j.app.supervise;

import java.time.Duration;

/**
 * How long processes may take to end by themselves before they are killed.
 *
 * @param asked after they were asked to end: the step under way, and a save
 * @param failed after one of them has failed: the others learn it within seconds, and have nothing left to do
 */
public record Patience(Duration asked, Duration failed) {

    /** With this time for those that were asked. */
    public static Patience asked(Duration time) {
        return new Patience(time, Duration.ofSeconds(10));
    }
}
