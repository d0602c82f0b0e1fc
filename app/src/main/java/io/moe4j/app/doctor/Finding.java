package io.moe4j.app.doctor;

import io.moe4j.api.Stability;

/**
 * One thing that was looked at.
 *
 * @param name what
 * @param state how it is
 * @param detail what was found
 * @param neededFor what it is for
 * @param remedy what to do if it is missing; empty otherwise
 */
@Stability(Stability.Level.INTERNAL)
public record Finding(String name, State state, String detail, String neededFor, String remedy) {

    /** How a thing is. */
    public enum State {
        /** It is there. */
        OK,
        /** It is not there, and only something optional needs it. */
        OPTIONAL,
        /** It is not there, and nothing runs without it. */
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
