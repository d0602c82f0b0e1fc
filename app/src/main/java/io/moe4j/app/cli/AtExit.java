package io.moe4j.app.cli;

/** Work that is done if the process ends early, as by Ctrl-C: for example, ending the current row, so that the shell's prompt begins in a new one. */
final class AtExit implements AutoCloseable {
    /** A terminal that accepts no output, as after Ctrl-S, must not keep the process from ending. */
    private static final long MOST_MILLIS = 200;

    private final Thread hook;

    private AtExit(Thread hook) {
        this.hook = hook;
    }

    /**
     * Does the work if the process ends before {@link #close()}, and does not wait long for it.
     *
     * @param name what the work does, for dumps of threads
     */
    static AtExit of(String name, Runnable work) {
        AtExit atExit = new AtExit(new Thread(() -> hurried(work), name));
        try {
            Runtime.getRuntime().addShutdownHook(atExit.hook);
        } catch (IllegalStateException e) {
            // The process is ending already.
        }
        return atExit;
    }

    /** The thread that runs when the process ends. */
    Thread hook() {
        return hook;
    }

    /** Does the work, and waits for it no longer than a moment. */
    static void hurried(Runnable work) {
        Thread thread = Thread.ofPlatform().daemon().start(work);
        try {
            thread.join(MOST_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the work is done.
        }
    }
}
