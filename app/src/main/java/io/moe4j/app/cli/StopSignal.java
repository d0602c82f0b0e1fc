package io.moe4j.app.cli;

/** The signals that ask a run to end early. The exit code says which one it was, as shells and schedulers expect it: 128 and the signal's number. */
enum StopSignal {
    /** The terminal was closed. */
    HUP(1),
    /** Ctrl-C. */
    INT(2),
    /** Sent by {@code kill}, and by schedulers and containers before they kill a process. */
    TERM(15);

    private final int number;

    StopSignal(int number) {
        this.number = number;
    }

    int exitCode() {
        return 128 + number;
    }

    @Override
    public String toString() {
        return "SIG" + name();
    }
}
