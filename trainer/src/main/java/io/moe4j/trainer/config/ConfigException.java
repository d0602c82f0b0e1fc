package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import java.util.List;
import java.util.Locale;

/**
 * Says that a configuration cannot be used. The exception and its message list all problems.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ConfigException extends InputException {

    private static final long serialVersionUID = 1;

    private final transient List<Problem> problems;

    /**
     * A configuration with problems.
     *
     * @param name name of the configuration, or its file
     * @param problems at least one
     */
    public ConfigException(String name, List<Problem> problems) {
        super(message(name, problems));
        this.problems = List.copyOf(problems);
    }

    /** The problems, at least one. */
    public List<Problem> problems() {
        return problems;
    }

    private static String message(String name, List<Problem> problems) {
        StringBuilder message = new StringBuilder("the configuration " + Shown.of(name) + " has "
                + (problems.size() == 1 ? "one problem" : problems.size() + " problems") + ":");
        for (int i = 0; i < problems.size(); i++) {
            message.append(String.format(Locale.ROOT, "%n%3d. ", i + 1)).append(problems.get(i));
        }
        return message.toString();
    }
}
