package io.moe4j.launch;

import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import java.util.List;

/**
 * The launch variables do not determine the position of this process. Lists all problems at once.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class LaunchException extends InputException {
    private static final long serialVersionUID = 1;
    private final transient List<String> problems;

    LaunchException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    /** The problems, each with its values, the rule and the remedy. */
    public List<String> problems() {
        return problems;
    }
}
