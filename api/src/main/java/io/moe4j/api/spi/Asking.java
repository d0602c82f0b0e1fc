package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls methods of plug-ins that describe them, before anything is opened. If a plug-in that is used fails, the error names it; if one fails that is only
 * compared with others, a run that does not use it continues.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Asking {
    private static final Logger log = LoggerFactory.getLogger(Asking.class);

    private Asking() {}

    /**
     * The answers of several plug-ins.
     *
     * @param given the answers, in the order of the plug-ins
     * @param failures messages for the plug-ins that failed, each with the plug-in's id, class and jar
     */
    public record Answers<P extends Provider, T>(Map<P, T> given, List<String> failures) {

        /** The first plug-in whose answer is {@code wanted}. */
        public Optional<P> first(Predicate<T> wanted) {
            return given.entrySet().stream().filter(each -> wanted.test(each.getValue())).map(Map.Entry::getKey)
                    .findFirst();
        }

        /** The end of a message that no plug-in is suitable: it lists those that failed, since one of them might be. Empty if all have answered. */
        public String failed() {
            return failures.isEmpty() ? "" : "; " + String.join("; ", failures);
        }
    }

    /**
     * The answer of a plug-in that is used.
     *
     * @param method the name of the method that is called, for the message
     * @throws IllegalStateException if it returns null, or throws one of Java's own exceptions whose message does not have the plug-in's id as a word; all
     *     other exceptions are passed on
     */
    public static <P extends Provider, T> T of(P provider, String method, Function<P, T> question) {
        return call(provider, () -> question.apply(provider), failed(provider, method),
                named(provider) + " returned null from its method " + method + "(); let it return a value"
                        + report(provider));
    }

    /**
     * Calls a plug-in.
     *
     * @param failed the beginning of the message if it throws an exception
     * @param nothing the message if it returns null
     * @throws IllegalStateException as {@link #of} does
     */
    public static <T> T call(Provider provider, Supplier<T> call, String failed, String nothing) {
        T answer;
        try {
            answer = call.get();
        } catch (RuntimeException e) {
            throw failure(provider, failed, e);
        }
        if (answer == null) {
            throw new IllegalStateException(nothing);
        }
        return answer;
    }

    /**
     * The exception to throw instead of one that a plug-in has thrown: the same one if its message is sufficient, otherwise one that names the plug-in, its
     * class and its jar.
     *
     * @param failed the beginning of the message
     */
    public static RuntimeException failure(Provider provider, String failed, RuntimeException e) {
        return saysEnough(provider, e) ? e : new IllegalStateException(failed + ": " + e + report(provider), e);
    }

    /** The answers of all plug-ins that can answer. A plug-in that throws, returns null or does not link is skipped with a warning. */
    public static <P extends Provider, T> Answers<P, T> all(List<P> providers, String method, Function<P, T> question) {
        Map<P, T> given = new LinkedHashMap<>();
        List<String> failures = new ArrayList<>();
        for (P provider : providers) {
            try {
                given.put(provider, ProviderFacts.given(method, question.apply(provider)));
            } catch (RuntimeException | LinkageError e) {
                String failure = failed(provider, method) + ": " + e + report(provider);
                log.warn("{}; it is passed over", failure);
                failures.add(failure);
            }
        }
        return new Answers<>(given, failures);
    }

    /** The plug-ins for which the answer is true, in their order. A plug-in that fails is left out. */
    public static <P extends Provider> List<P> able(List<P> providers, String method, Predicate<P> question) {
        return all(providers, method, question::test).given().entrySet().stream().filter(Map.Entry::getValue)
                .map(Map.Entry::getKey).collect(Collectors.toList());
    }

    /** Whether an exception is an intended refusal, or its message names the plug-in. */
    private static boolean saysEnough(Provider provider, RuntimeException e) {
        return !e.getClass().getName().startsWith("java.")
                || hasId(String.valueOf(e.getMessage()), provider.id());
    }

    /**
     * Whether a message contains a plug-in's id as a word. Class names, which often contain the id, do not count, because Java's own messages contain them:
     * {@code Cannot invoke "org.acme.Layer.open()"}.
     */
    static boolean hasId(String message, String id) {
        return Pattern.compile("(?<![\\w.$/-])" + Pattern.quote(id) + "(?![\\w$/-]|\\.\\w)").matcher(message).find();
    }

    /** {@code the plug-in "x" failed in its method probe()}. */
    public static String failed(Provider provider, String method) {
        return named(provider) + " failed in its method " + method + "()";
    }

    /** What to do about a fault of a plug-in, for the end of a message: {@code ; report this to the author of org.acme.Acme (acme.jar)}. */
    public static String report(Provider provider) {
        return "; report this to the author of " + provider.getClass().getName() + " ("
                + ProviderFacts.jar(provider.getClass()) + ")";
    }

    /** {@code the plug-in "x"}. */
    public static String named(Provider provider) {
        return "the plug-in \"" + provider.id() + "\"";
    }
}
