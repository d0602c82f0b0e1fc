package io.moe4j.app.cli;

/** What a command returns to the shell. */
final class ExitCode {

    /** Done. */
    static final int OK = 0;
    /** It was tried, and failed; or a comparison did not hold; or what was printed could not be written. */
    static final int FAILED = 1;
    /** What was given cannot be used; nothing was started. */
    static final int BAD_INPUT = 2;
    /** The run ended before its last step, because another of its processes was asked to. A process that was asked itself: {@link StopSignal#exitCode}. */
    static final int STOPPED = 3;

    private ExitCode() {}
}
