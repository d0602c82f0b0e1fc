package io.moe4j.chattemplate.python;

import org.jspecify.annotations.Nullable;

/** The methods of Python's types. */
public final class Methods {

    private Methods() {}

    /** A method of a value; null if its type has none of this name. */
    public static @Nullable Object find(Object of, String name) {
        return null;
    }
}
