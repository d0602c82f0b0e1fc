package io.moe4j.chattemplate.python;

/** Python's {@code None}. */
public enum None {
    /** The only one. */
    NONE
}
