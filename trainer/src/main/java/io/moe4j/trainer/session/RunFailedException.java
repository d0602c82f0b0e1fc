package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankFailure;
import java.util.Map;
import java.util.Optional;

/**
 * A rank failed, and with it the run. The cause is the rank's own error; the message names rank and phase.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private RunFailedException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * @param first the failure that was reported first
     * @param failures errors of the ranks of this JVM, by rank
     */
    static RunFailedException of(Optional<RankFailure> first, Map<Integer, Throwable> failures) {
        Throwable cause = first.map(failure -> failures.get(failure.rank()))
                .orElseGet(() -> failures.values().iterator().next());
        RunFailedException failed = new RunFailedException(first
                .map(failure -> "rank " + failure.rank() + " failed during " + failure.phase() + ": "
                        + failure.message())
                .orElseGet(() -> String.valueOf(cause.getMessage())), cause);
        failures.values().stream().filter(other -> !other.equals(cause)).forEach(failed::addSuppressed);
        return failed;
    }
}
