package io.moe4j.tests.faults;

/**
 * The result of a fault.
 *
 * @param judgement in one word
 * @param injected the fault, in words
 * @param reason why it is not {@link Judgement#HELD}; empty if it is
 */
record Verdict(Judgement judgement, String injected, String reason) {

    /** The possible results. Each but the first is a fault of moe4j. */
    enum Judgement {
        /** The run goes on like an undisturbed one, or ends with an error that says where the fault is and what to do. */
        HELD,
        /** A checkpoint was reported as saved, and neither it nor a later one can be continued. */
        LOST,
        /** A continued run has other bits than an undisturbed one, or damage is loaded, without an error. */
        WRONG,
        /** An error without the file or rank, or without the remedy; an exit code that does not fit; a stack trace; a wait beyond the time limit. */
        UNCLEAR
    }

    static Verdict held(String injected) {
        return new Verdict(Judgement.HELD, injected, "");
    }

    static Verdict lost(String injected, String reason) {
        return new Verdict(Judgement.LOST, injected, reason);
    }

    static Verdict wrong(String injected, String reason) {
        return new Verdict(Judgement.WRONG, injected, reason);
    }

    static Verdict unclear(String injected, String reason) {
        return new Verdict(Judgement.UNCLEAR, injected, reason);
    }

    boolean isHeld() {
        return judgement == Judgement.HELD;
    }
}
