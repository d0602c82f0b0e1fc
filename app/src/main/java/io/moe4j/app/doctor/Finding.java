package io.moe4j.app.doctor;

import io.moe4j.api.Stability;

/**
 * One thing that was checked.
 *
 * @param name what was checked
 * @param state the result
 * @param detail what was found
 * @param neededFor what needs it
 * @param remedy what to do if it is missing; empty otherwise
 */
@Stability(Stability.Level.INTERNAL)
public record Finding(String name, State state, String detail, String neededFor, String remedy) {

    /** The result of a check. */
    public enum State {
        /** It is there. */
        OK,
        /** It is missing, and only something optional needs it. */
        OPTIONAL,
        /** It is missing, and nothing runs without it. */
        MISSING
    }

    static Finding ok(String name, String detail, String neededFor) {
        return new Finding(name, State.OK, detail, neededFor, "");
    }

    static Finding optional(String name, String detail, String neededFor, String remedy) {
        return new Finding(name, State.OPTIONAL, detail, neededFor, remedy);
    }

    static Finding missing(String name, String detail, String neededFor, String remedy) {
        return new Finding(name, State.MISSING, detail, neededFor, remedy);
    }
}
