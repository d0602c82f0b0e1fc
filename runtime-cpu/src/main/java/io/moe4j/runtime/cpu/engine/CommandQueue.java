package io.moe4j.runtime.cpu.engine;

/** Runs a stream's commands in order. */
sealed interface CommandQueue permits InlineQueue, ThreadQueue {

    /** Enqueues a command. */
    void add(Command command);

    /** Enqueues an event that is reached even after a command has failed. */
    void addMarker(CpuEvent event);

    /** Waits until all commands have run; throws the first failure since the last call. */
    void drain();

    /** Whether a command has already run when {@link #add} returns. */
    boolean isImmediate();

    /** Runs the queued commands, then ends the queue. */
    void close();
}
