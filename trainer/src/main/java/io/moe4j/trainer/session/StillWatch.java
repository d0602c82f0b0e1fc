package io.moe4j.trainer.session;

import io.moe4j.api.group.WaitLimit;
import io.moe4j.api.spi.Registry;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * Finds out whether a thread stands still in the code of a plug-in: in the same call, at the same line, for twice the time that a rank waits for others at
 * most. A plug-in that waits without a limit would hold up a run for ever, because its rank fails nowhere.
 */
final class StillWatch {
    private final Thread thread;
    private final Registry registry;
    private final Duration patience;
    private WaitLimit limit;
    private StackTraceElement[] last = {};

    StillWatch(Thread thread, Registry registry, Duration timeout) {
        this.thread = thread;
        this.registry = registry;
        patience = timeout.multipliedBy(2);
        limit = WaitLimit.of(patience);
    }

    /** What is to be said of it; empty as long as it moves. To be asked at least once a second. */
    Optional<String> standsStill() {
        StackTraceElement[] now = thread.getStackTrace();
        if (!Arrays.equals(now, last)) {
            last = now;
            limit = WaitLimit.of(patience);
            return Optional.empty();
        }
        return limit.expired() ? registry.codeRunning(now).map(this::words) : Optional.empty();
    }

    /** Where it is now: in the code of a plug-in, or at a line. */
    String place() {
        StackTraceElement[] now = thread.getStackTrace();
        return registry.codeRunning(now).map(plugIn -> plugIn + " (report this to its author)")
                .orElseGet(() -> now.length == 0 ? "at no line" : "at " + now[0]);
    }

    private String words(String plugIn) {
        return plugIn + " has stood still for " + patience.toMillis() / 1000.0
                + " s, which is twice runtime.timeout. A plug-in waits with a time limit: report this to its author, or raise"
                + " runtime.timeout if it only takes long";
    }
}
