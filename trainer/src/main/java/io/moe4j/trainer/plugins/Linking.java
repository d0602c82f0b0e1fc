package io.moe4j.trainer.plugins;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Around calls into plug-ins: one that does not link ends with an error that names it, what is missing, and both versions.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Linking {

    private Linking() {}

    /**
     * Calls.
     *
     * @throws InputException if a plug-in does not link
     */
    public static <T> T guard(Registry registry, Supplier<T> call) {
        try {
            return call.get();
        } catch (RuntimeException | LinkageError e) {
            Optional<String> text = registry.linkFailure(e);
            if (text.isPresent()) {
                throw new InputException(text.get(), e);
            }
            throw e;
        }
    }

    /** What to report for a failure: what is said of a plug-in that does not link, else the failure itself. */
    public static Throwable explained(Registry registry, Throwable failure) {
        return registry.linkFailure(failure).<Throwable>map(text -> new InputException(text, failure)).orElse(failure);
    }
}
