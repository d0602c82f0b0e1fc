package io.moe4j.trainer.plugins;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Wraps calls into plug-ins: if a plug-in does not link, the error names it, the missing class or member, and both versions; if it throws one of Java's own
 * exceptions, such as a null pointer, the error names it and its author.
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
     * @throws IllegalStateException if a plug-in throws one of Java's own exceptions that does not name it
     */
    public static <T> T guard(Registry registry, Supplier<T> call) {
        try {
            return call.get();
        } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
            Optional<RuntimeException> named = named(registry, e);
            if (named.isPresent()) {
                throw named.get();
            }
            throw e;
        }
    }

    /** The failure to report: a description of the plug-in that does not link, or whose code failed, or else the failure itself. */
    public static Throwable explained(Registry registry, Throwable failure) {
        return named(registry, failure).<Throwable>map(named -> named).orElse(failure);
    }

    private static Optional<RuntimeException> named(Registry registry, Throwable failure) {
        return registry.linkFailure(failure).<RuntimeException>map(text -> new InputException(text, failure))
                .or(() -> registry.codeFailure(failure).map(text -> new IllegalStateException(text, failure)));
    }
}
