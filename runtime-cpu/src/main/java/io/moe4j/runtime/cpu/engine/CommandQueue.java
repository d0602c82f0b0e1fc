package io.moe4j.runtime.cpu.engine;

/** How a stream's commands run: in order. */
sealed interface CommandQueue permits InlineQueue, ThreadQueue {

    /** Enqueues a command. */
    void add(Command command);

    /** Enqueues what is done even after a failure. */
    void addMarker(CpuEvent event);

    /** Waits until all is done; throws the first failure since the last call. */
    void drain();

    /** Whether a command is done when {@link #add} returns. */
    boolean isImmediate();

    /** Runs what is queued, and ends. */
    void close();
}
