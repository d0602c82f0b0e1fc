package io.moe4j.launch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads environment variables, and collects their problems. A blank variable counts as not set. */
final class Variables {
    private final Map<String, String> values;
    private final List<String> problems = new ArrayList<>();

    Variables(Map<String, String> values) {
        this.values = values;
    }

    boolean has(String name) {
        return text(name).isPresent();
    }

    Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name)).map(String::strip).filter(value -> !value.isEmpty());
    }

    /** A number that may be missing. */
    OptionalInt number(String name, int least) {
        Optional<String> text = text(name);
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int value = Integer.parseInt(text.get());
            if (value >= least) {
                return OptionalInt.of(value);
            }
        } catch (NumberFormatException e) {
            // Reported below, with the number that is out of range.
        }
        problem(name + "=" + text.get() + ": it must be a whole number of at least " + least
                + "; correct it, or unset it");
        return OptionalInt.empty();
    }

    /** A number that is required if the variable {@code because} is set. */
    OptionalInt needed(String name, int least, String because) {
        if (!has(name)) {
            problem(name + " is not set, but " + described(because) + " is: both belong together; set " + name
                    + ", or unset " + because + " to run all ranks in this process");
        }
        return number(name, least);
    }

    void problem(String message) {
        problems.add(message);
    }

    /** {@code NAME=value}. */
    String described(String name) {
        return name + text(name).map(value -> "=" + value).orElse("");
    }

    /** Throws if problems were collected. */
    void check() {
        if (!problems.isEmpty()) {
            throw new LaunchException(problems);
        }
    }
}
