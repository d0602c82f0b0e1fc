package io.moe4j.planted.natives;

/** Shows an address. */
public abstract class Innocent {

    /** Not a violation. */
    public abstract long rows();
}
