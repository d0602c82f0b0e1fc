package io.moe4j.trainer.session;

import io.moe4j.api.spi.Registry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Runs code of plug-ins before there are threads of ranks, on a thread that is left alone if it stands still. */
final class WatchedCall {
    private static final long PAUSE_MILLIS = 500;

    private WatchedCall() {}

    /**
     * Makes a call, and waits for it.
     *
     * @param name of the thread
     * @throws IllegalStateException if it stands still in the code of a plug-in, which the message names
     */
    static <T> T of(String name, Registry registry, Duration timeout, Supplier<T> work) {
        FutureTask<T> task = new FutureTask<>(work::get);
        Thread thread = Thread.ofPlatform().name(name).daemon().start(task);
        StillWatch watch = new StillWatch(thread, registry, timeout);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    Optional<String> still = watch.standsStill();
                    if (still.isPresent()) {
                        throw new IllegalStateException(name + ": " + still.get());
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw switch (e.getCause()) {
                case RuntimeException failure -> failure;
                case Error failure -> throw failure;
                case null, default -> new IllegalStateException(e.getCause());
            };
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
