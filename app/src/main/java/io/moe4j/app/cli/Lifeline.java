package io.moe4j.app.cli;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a process that {@code moe4j launch} has started once the launcher has ended, even if the launcher was killed. The process's standard input is a pipe
 * from the launcher, which closes when the launcher ends. The process then ends as after SIGTERM; after a time limit it is killed.
 */
final class Lifeline {
    private static final Logger log = LoggerFactory.getLogger(Lifeline.class);
    /** Name of the system property with the number of seconds that the process may take to end by itself; set in processes that a launcher has started. */
    private static final String PROPERTY = "moe4j.lifeline";

    private Lifeline() {}

    /** The JVM's option that makes a process watch its launcher. */
    static String option(Duration limit) {
        return "-D" + PROPERTY + "=" + limit.toSeconds();
    }

    /** Begins to watch the launcher, if one has started this process. */
    static void hold() {
        Optional.ofNullable(Long.getLong(PROPERTY)).ifPresent(seconds -> Thread.ofPlatform().daemon().name("lifeline")
                .start(() -> watch(System.in, Duration.ofSeconds(seconds))));
    }

    private static void watch(InputStream pipe, Duration limit) {
        try {
            while (pipe.read() >= 0) {
                // The launcher sends nothing; any input is ignored until the pipe closes.
            }
        } catch (IOException e) {
            log.debug("the pipe from the launcher is broken", e);
        }
        log.warn("moe4j launch, which has started this process, is gone: the process ends too, within {} s",
                limit.toSeconds());
        JvmSignals.raise(StopSignal.TERM.name());
        try {
            Thread.sleep(limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(StopSignal.TERM.exitCode());
    }
}
