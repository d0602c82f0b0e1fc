package io.moe4j.app.supervise;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Decides whether a failed run is started again. It gives up after two restarts in a row that saved nothing new, because the run would most likely fail in
 * the same way again.
 */
public final class RestartPolicy {
    private static final int MOST_WITHOUT_PROGRESS = 2;
    private static final Duration FIRST_DELAY = Duration.ofSeconds(1);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(60);

    private final int most;
    private int made;
    private int withoutProgress;
    private Duration delay = FIRST_DELAY;
    private Optional<Path> reached;

    /**
     * Begins.
     *
     * @param most the largest number of restarts; 0 for none
     * @param reached the newest checkpoint before the first start
     */
    public RestartPolicy(int most, Optional<Path> reached) {
        this.most = most;
        this.reached = reached;
    }

    /** The decision after a failure. */
    public sealed interface Decision {
        /**
         * The run is started again.
         *
         * @param number of this restart, from 1
         * @param most how many restarts are allowed
         * @param delay the time to wait before it
         */
        record Restart(int number, int most, Duration delay) implements Decision {}

        /**
         * The run is not started again.
         *
         * @param reason for people; empty if restarts were not asked for
         */
        record GiveUp(String reason) implements Decision {}
    }

    /**
     * Decides what follows from a failure of the run.
     *
     * @param newest its newest checkpoint now
     */
    public Decision failed(Optional<Path> newest) {
        if (most == 0) {
            return new Decision.GiveUp("");
        }
        boolean progress = !newest.equals(reached);
        reached = newest;
        if (progress) {
            withoutProgress = 0;
            delay = FIRST_DELAY;
        } else if (made > 0) {
            withoutProgress++;
        }
        if (made == most) {
            return new Decision.GiveUp("all of its --max-restarts " + most + " are used up");
        }
        if (withoutProgress == MOST_WITHOUT_PROGRESS) {
            return new Decision.GiveUp("the last " + MOST_WITHOUT_PROGRESS
                    + " restarts have saved nothing new, so that another one would most likely fail in the same way");
        }
        made++;
        Duration wait = delay;
        delay = delay.multipliedBy(2).compareTo(LONGEST_DELAY) < 0 ? delay.multipliedBy(2) : LONGEST_DELAY;
        return new Decision.Restart(made, most, wait);
    }
}
