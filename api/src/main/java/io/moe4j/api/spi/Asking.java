package io.moe4j.trainer.plugins;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.spi.Provider;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks plug-ins what they can and what they need, before anything is opened. A fault of a plug-in that is used names it; a fault of one that is only compared
 * with others does not end a run that does not use it.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Asking {
    private static final Logger log = LoggerFactory.getLogger(Asking.class);

    private Asking() {}

    /**
     * The answer of a plug-in that is used.
     *
     * @param method the name of the method that is called, for the message
     * @throws IllegalStateException if it returns null, or throws one of Java's own exceptions whose message does not have the plug-in's id; all
     *     other exceptions are passed on
     */
    public static <P extends Provider, T> T of(P provider, String method, Function<P, T> question) {
        T answer;
        try {
            answer = question.apply(provider);
        } catch (RuntimeException e) {
            if (Opening.saysEnough(provider, e)) {
                throw e;
            }
            throw new IllegalStateException(Opening.named(provider) + " failed in its method " + method + "(): " + e
                    + Opening.REPORT, e);
        }
        if (answer == null) {
            throw new IllegalStateException(Opening.named(provider) + " returned null from its method " + method
                    + "(); let it return a value" + Opening.REPORT);
        }
        return answer;
    }

    /**
     * What an exchange needs.
     *
     * @throws IllegalStateException as {@link #of} does
     */
    public static CommRequirements requirements(CommBackendProvider provider) {
        return of(provider, "requirements", CommBackendProvider::requirements);
    }

    /** Those of some plug-ins that say yes, in their order. One that throws or does not link is not among them. */
    public static <P extends Provider> List<P> able(List<P> providers, Predicate<P> question) {
        return providers.stream().filter(provider -> says(provider, question)).toList();
    }

    private static <P extends Provider> boolean says(P provider, Predicate<P> question) {
        try {
            return question.test(provider);
        } catch (RuntimeException | LinkageError e) {
            log.warn("{} is passed over: it failed when it was asked what it can: {}{}", Opening.named(provider),
                    e.toString(),
                    Opening.REPORT);
            return false;
        }
    }
}
