package io.moe4j.app.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles Ctrl-C, SIGTERM and SIGHUP. The first signal asks the run to end after the current step or the next; a second one ends the process at once. A
 * signal that was ignored when the process started, as {@code nohup} arranges it for SIGHUP, stays ignored.
 */
final class Interrupts implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Interrupts.class);

    private final IntConsumer halt;
    private volatile Consumer<StopSignal> stop;
    private volatile Runnable last = () -> {};
    private final AtomicReference<Optional<StopSignal>> first = new AtomicReference<>(Optional.empty());
    private final List<Runnable> restore = new ArrayList<>();

    private Interrupts(Consumer<StopSignal> stop, IntConsumer halt) {
        this.stop = stop;
        this.halt = halt;
    }

    /** Handles no signal until {@link #begin} is called. */
    static Interrupts later() {
        return unhandled(signal -> {}, Runtime.getRuntime()::halt);
    }

    /**
     * Handles signals until it is closed.
     *
     * @param stop asks the run to end, and says so
     */
    static Interrupts handle(Consumer<StopSignal> stop) {
        return handle(stop, Runtime.getRuntime()::halt);
    }

    /**
     * Handles signals until it is closed.
     *
     * @param stop receives the first signal
     * @param again ends the process at once with the given exit code; called for each further signal
     */
    static Interrupts handle(Consumer<StopSignal> stop, IntConsumer again) {
        Interrupts interrupts = unhandled(stop, again);
        interrupts.begin(stop);
        return interrupts;
    }

    /**
     * Handles signals from now on. Called once.
     *
     * @param first receives the first signal
     */
    void begin(Consumer<StopSignal> first) {
        stop = first;
        for (StopSignal signal : StopSignal.values()) {
            install(signal);
        }
    }

    /**
     * What is still written before a second signal ends the process, as by {@link AtExit}, whose work is not done then.
     *
     * @param work ends the row of a terminal, and says what is lost
     */
    void beforeHalt(Runnable work) {
        last = work;
    }

    /** For tests: signals come only through {@link #receive}. */
    static Interrupts unhandled(Consumer<StopSignal> stop, IntConsumer halt) {
        return new Interrupts(stop, halt);
    }

    private void install(StopSignal signal) {
        try {
            restore.add(JvmSignals.handle(signal.name(), () -> receive(signal)));
        } catch (IllegalArgumentException e) {
            log.debug("{} is not handled: the JVM has been told to leave signals alone", signal, e);
        }
    }

    /** A signal has come. */
    void receive(StopSignal signal) {
        if (first.compareAndSet(Optional.empty(), Optional.of(signal))) {
            stop.accept(signal);
        } else {
            AtExit.hurried(last);
            halt.accept(signal.exitCode());
        }
    }

    /** The signal that has asked this process to end, if one has. */
    Optional<StopSignal> received() {
        return first.get();
    }

    /** Restores the earlier handlers of the signals. */
    @Override
    public void close() {
        restore.forEach(Runnable::run);
    }
}
