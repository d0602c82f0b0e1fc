package io.moe4j.trainer.plugins;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Wraps calls into plug-ins: if a plug-in does not link, the error names it, the missing class or member, and both versions.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Linking {

    private Linking() {}

    /**
     * Makes a call.
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

    /** The failure to report: a description of the plug-in that does not link, or else the failure itself. */
    public static Throwable explained(Registry registry, Throwable failure) {
        return registry.linkFailure(failure).<Throwable>map(text -> new InputException(text, failure)).orElse(failure);
    }
}
