package io.moe4j.data;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Waits for values that a background thread reads ahead. */
final class Background {

    private Background() {}

    /**
     * Waits for the value.
     *
     * @throws CancellationException if the waiting thread is interrupted
     * @throws RuntimeException what the reading thread has thrown, as it was thrown; errors too
     */
    static <T> T await(Future<T> ahead) {
        try {
            return ahead.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the rank was interrupted while it waited for data");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error problem) {
                throw problem;
            }
            throw e.getCause() instanceof RuntimeException problem ? problem : new IllegalStateException(e);
        }
    }
}
