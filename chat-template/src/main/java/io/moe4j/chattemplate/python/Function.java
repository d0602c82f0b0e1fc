package io.moe4j.chattemplate.python;

/** A callable value. */
public interface Function {

    /** Calls it. */
    Object call(Arguments arguments);
}
