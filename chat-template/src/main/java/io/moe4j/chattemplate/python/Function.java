package io.moe4j.chattemplate.python;

/** What can be called. */
public interface Function {

    /** Calls it. */
    Object call(Arguments arguments);
}
