package io.moe4j.runtime.cpu.engine;

/** Runs a stream's commands in order. */
sealed interface CommandQueue permits InlineQueue, ThreadQueue {

    /** Enqueues a command. */
    void add(Command command);

    /**
     * Enqueues a command that need not begin yet: it may wait for the next call of another method. Several small commands, such as uploads before a launch,
     * so wake the stream's thread once.
     */
    void addLater(Command command);

    /** Enqueues an event that is reached even after a command has failed. */
    void addMarker(CpuEvent event);

    /** Waits until all commands have run; throws the first failure since the last call. */
    void drain();

    /** Whether a command has already run when {@link #add} or {@link #addLater} returns. */
    boolean isImmediate();

    /** Runs what is queued, then ends the queue. */
    void close();
}
