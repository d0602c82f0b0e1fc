package io.moe4j.app.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ctrl-C, and other polite requests to end: the step under way is finished, and everything is closed, before the JVM ends. */
final class Interrupts implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Interrupts.class);
    private static final long PATIENCE_SECONDS = 120;

    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook;

    /** @param stop asks the run to end */
    Interrupts(Runnable stop) {
        hook = Thread.ofPlatform().name("interrupt").unstarted(() -> {
            stop.run();
            try {
                if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    log.warn("the step under way did not end within {} s; it is abandoned", PATIENCE_SECONDS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** The run has ended, one way or another. */
    @Override
    public void close() {
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending already, and the hook was what ended the run.
        }
    }
}
