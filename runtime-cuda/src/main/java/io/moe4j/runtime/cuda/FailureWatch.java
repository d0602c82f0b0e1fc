package io.moe4j.runtime.cuda;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that looks for failures. The host waits for the device without checking for failures, and the device cannot see that a rank of another
 * process has failed. This thread checks for both: it ends the waits on the device, and thus the host's waits too.
 */
final class FailureWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FailureWatch.class);
    private static final Duration PERIOD = Duration.ofMillis(20);

    private final FailureMailbox mailbox;
    private final List<Runnable> looks = new CopyOnWriteArrayList<>();
    private @Nullable Thread thread;

    FailureWatch(FailureMailbox mailbox) {
        this.mailbox = mailbox;
    }

    synchronized void start() {
        if (thread == null) {
            thread = Thread.ofPlatform().name("failure watch").daemon().start(this::run);
        }
    }

    void add(Runnable look) {
        looks.add(look);
        start();
    }

    void remove(Runnable look) {
        looks.remove(look);
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PERIOD);
                mailbox.stopAfterFailure();
                looks.forEach(FailureWatch::look);
            }
        } catch (InterruptedException e) {
            // The watch is closed.
        }
    }

    private static void look(Runnable look) {
        try {
            look.run();
        } catch (RuntimeException e) {
            log.warn("a check for failures has itself failed", e);
        }
    }

    @Override
    public synchronized void close() {
        if (thread != null) {
            thread.interrupt();
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
