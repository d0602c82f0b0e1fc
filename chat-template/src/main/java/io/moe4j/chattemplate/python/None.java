package io.moe4j.chattemplate.python;

/** Python's {@code None}: the value that says that there is none. */
public enum None {
    /** The only one. */
    NONE
}
