package io.moe4j.runtime.cpu;

import java.util.List;
import java.util.function.Function;

/**
 * A fault that a kit must find.
 *
 * @param name what is wrong
 * @param reason words of the assertion that finds it
 * @param failures runs the kit's test, with or without the fault, and returns its failures
 */
record KitFault(String name, String reason, Function<Boolean, List<Throwable>> failures) {
    @Override
    public String toString() {
        return name;
    }
}
