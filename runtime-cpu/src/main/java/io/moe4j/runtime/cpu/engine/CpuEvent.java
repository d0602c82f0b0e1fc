package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.Event;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** A point in a stream. It stores when it was reached, or to which capture it belongs. */
final class CpuEvent implements Event {
    private final CpuStream stream;
    private final @Nullable Recording recording;
    private final CompletableFuture<Long> nanos = new CompletableFuture<>();

    CpuEvent(CpuStream stream, @Nullable Recording recording) {
        this.stream = stream;
        this.recording = recording;
    }

    CpuStream stream() {
        return stream;
    }

    @Nullable
    Recording recording() {
        return recording;
    }

    void reached() {
        nanos.complete(System.nanoTime());
    }

    void missed(Throwable failure) {
        nanos.completeExceptionally(failure);
    }

    /** Waits until the stream has reached the event; throws the failure that stopped the stream. */
    long await() {
        try {
            return nanos.join();
        } catch (CompletionException e) {
            Throwables.rethrow(e.getCause());
            throw e;
        }
    }

    @Override
    public double secondsSince(Event start) {
        if (recording != null || !(start instanceof CpuEvent first) || first.recording != null) {
            throw new IllegalStateException(
                    "an event of a capture has no time; record both outside the capture, on streams of this device");
        }
        return (await() - first.await()) / 1e9;
    }
}
