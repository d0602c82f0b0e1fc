package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import java.util.function.Consumer;

/**
 * The stream of all exchanges of a rank, which may be its main stream. If it is another stream, an exchange begins after the work that the main stream has
 * enqueued so far, and the main stream waits for the exchange before it uses what that has written, or overwrites what it reads. Barriers are launched on
 * this stream only, so that all ranks launch them in the same order. Inside {@link #onMain} they are launched on the main stream, after all earlier barriers
 * of the other stream and before all later ones.
 */
final class ExchangeStream {
    private final Stream main;
    private final Stream own;
    private boolean onMain;

    ExchangeStream(RankContext rank) {
        main = rank.stream();
        own = rank.communication().orElse(main);
    }

    Stream stream() {
        return onMain ? main : own;
    }

    /** Whether exchanges have a stream of their own, and so can run at the same time as the main stream. */
    boolean isBesideMain() {
        return !onMain && !own.equals(main);
    }

    /**
     * Runs {@code work} and passes it the main stream, to which its exchanges are enqueued: after all exchanges so far, and before all later ones, each
     * of which begins with {@link #fork}.
     */
    void onMain(Consumer<Stream> work) {
        fork();
        join();
        onMain = true;
        try {
            work.accept(main);
        } finally {
            onMain = false;
        }
    }

    /** Later work of this stream begins after the work that the main stream has enqueued so far. */
    void fork() {
        if (isBesideMain()) {
            own.await(main.record());
        }
    }

    /** Later work of the main stream begins after all work of this stream so far. */
    void join() {
        if (isBesideMain()) {
            main.await(own.record());
        }
    }

    /** The end of the work so far, for {@link #join(Event)}. */
    Event end() {
        return own.record();
    }

    /** Later work of the main stream begins after the work before the event. */
    void join(Event end) {
        main.await(end);
    }

    /** The host waits for both streams. */
    void synchronize() {
        main.synchronize();
        if (isBesideMain()) {
            own.synchronize();
        }
    }
}
