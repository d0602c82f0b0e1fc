package io.moe4j.chattemplate.python;

import org.jspecify.annotations.Nullable;

/** A value of the template's own language that has attributes, such as {@code loop}. It is only equal to itself. */
public interface Attributed {

    /** The value of an attribute; null if there is none of this name. */
    @Nullable
    Object attribute(String name);

    /** Whether it counts as true. */
    default boolean isTrue() {
        return true;
    }

    /** The text that is output for it. */
    String shown();
}
