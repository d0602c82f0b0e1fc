package io.moe4j.app.cli;

/** Exit codes of commands. */
final class ExitCode {

    /** Done. */
    static final int OK = 0;
    /** The command failed, or a comparison did not hold, or its output could not be written. */
    static final int FAILED = 1;
    /** The input cannot be used; nothing was started. */
    static final int BAD_INPUT = 2;
    /**
     * The run ended before its last step, because another of its processes got a signal. A process that got the signal itself returns {@link
     * StopSignal#exitCode}.
     */
    static final int STOPPED = 3;
    /** The reader of the output has closed it, as {@code head} does. This is the code that a shell reports for a program that SIGPIPE ended. */
    static final int READER_ENDED = 128 + 13;

    private ExitCode() {}
}
