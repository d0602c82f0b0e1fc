package io.moe4j.app.cli;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that {@code moe4j launch} has started ends when the launcher is gone, also where that was killed and could not say so. Its standard input is a pipe
 * from the launcher: when that ends, so does the launcher. The process then ends as by SIGTERM, and after a time limit at once.
 */
final class Lifeline {
    private static final Logger log = LoggerFactory.getLogger(Lifeline.class);
    /** Seconds that the process may take to end by itself; set in processes that a launcher has started. */
    private static final String PROPERTY = "moe4j.lifeline";

    private Lifeline() {}

    /** The option of the JVM that makes a process hold on to its launcher. */
    static String option(Duration limit) {
        return "-D" + PROPERTY + "=" + limit.toSeconds();
    }

    /** Holds on to the launcher, if one has started this process. */
    static void hold() {
        Optional.ofNullable(Long.getLong(PROPERTY)).ifPresent(seconds -> Thread.ofPlatform().daemon().name("lifeline")
                .start(() -> watch(System.in, Duration.ofSeconds(seconds))));
    }

    private static void watch(InputStream pipe, Duration limit) {
        try {
            while (pipe.read() >= 0) {
                // Nothing is sent.
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
