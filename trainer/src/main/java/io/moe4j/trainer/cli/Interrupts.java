package io.moe4j.trainer.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ctrl-C, and other polite requests to end: the step under way is finished, and everything is closed, before the JVM ends. */
final class Interrupts implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;

    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook;

    /** @param stop asks the run to end */
    Interrupts(Runnable stop) {
        hook = Thread.ofPlatform().name("interrupt").unstarted(() -> {
            stop.run();
            try {
                boolean ended = finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                assert ended || finished.getCount() > 0;
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
