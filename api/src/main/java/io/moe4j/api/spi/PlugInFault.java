package io.moe4j.api.spi;

import io.moe4j.api.spi.Registry.Loaded;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the plug-in in whose code an exception was thrown: the message of a null pointer exception names neither the plug-in nor its author. Only plug-ins in
 * jars other than moe4j's own are considered.
 */
final class PlugInFault {
    private static final String HOST = "io.moe4j.";
    private static final int MAX_CAUSES = 100;

    private PlugInFault() {}

    /** The plug-ins that are not moe4j's own. */
    static List<Loaded> outside(Stream<Loaded> loaded) {
        return loaded.filter(entry -> !entry.provider().getClass().getName().startsWith(HOST)).toList();
    }

    /** Whether a stack frame is in the code of a provider's plug-in. */
    static boolean isOf(Class<?> provider, StackTraceElement frame) {
        String module = provider.getModule().getName();
        if (module != null) {
            return module.equals(frame.getModuleName());
        }
        String home = provider.getPackageName();
        return !home.isEmpty() && frame.getModuleName() == null && frame.getClassName().startsWith(home + ".");
    }

    /**
     * The message for the first exception, among {@code failure} and its causes, that was thrown in the code of a plug-in:
     * {@code the plug-in "x" failed in AcmeSpec.open(): java.lang.NullPointerException: …; report this to the author of org.acme.AcmeProvider (acme.jar)}.
     *
     * @param loaded all plug-ins
     * @return empty if the exception is an intended refusal, already names the plug-in, or was not thrown in the code of a plug-in
     */
    static Optional<String> describe(Throwable failure, Stream<Loaded> loaded) {
        List<Loaded> outside = outside(loaded);
        int causes = 0;
        for (Throwable thrown = failure; thrown != null && (isJavas(thrown) || isPassedOn(thrown))
                && causes < MAX_CAUSES; thrown = thrown.getCause()) {
            causes++;
            if (!isJavas(thrown)) {
                continue;
            }
            for (StackTraceElement frame : calls(thrown)) {
                List<Loaded> here = outside.stream().filter(entry -> isOf(entry.provider().getClass(), frame)).toList();
                if (!here.isEmpty()) {
                    String message = String.valueOf(failure.getMessage());
                    return here.stream().anyMatch(entry -> Asking.hasId(message, entry.id())) ? Optional.empty()
                            : Optional.of("the plug-in " + ids(here) + " failed in " + call(frame) + ": " + thrown
                                    + Asking.report(here.getFirst().provider()));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * The stack frames to consider, the innermost first: those of calls that moe4j has made. The frames that called moe4j belong to a program that uses it as a
     * library; a plug-in of that program may be in the same module, but is not the cause of a fault of moe4j. On a thread of a plug-in, all frames count.
     */
    private static List<StackTraceElement> calls(Throwable thrown) {
        List<StackTraceElement> all = List.of(thrown.getStackTrace());
        int count = all.size();
        while (count > 0 && !all.get(count - 1).getClassName().startsWith(HOST)) {
            count--;
        }
        return count == 0 ? all : all.subList(0, count);
    }

    /**
     * The call that a thread is making, if it is one of a plug-in's code and not of what that has called: {@code the plug-in "x" in AcmeSpec.open()}. What
     * Java's own classes do there counts as the plug-in's, such as a wait for a lock.
     *
     * @param loaded all plug-ins
     */
    static Optional<String> running(StackTraceElement[] calls, Stream<Loaded> loaded) {
        return Stream.of(calls).filter(frame -> !isOfJava(frame)).findFirst().flatMap(frame -> {
            List<Loaded> here = outside(loaded).stream()
                    .filter(entry -> isOf(entry.provider().getClass(), frame)).toList();
            return here.isEmpty() ? Optional.empty()
                    : Optional.of("the plug-in " + ids(here) + " in " + call(frame));
        });
    }

    /** Of its modules too, by name: a wait for a socket is in {@code sun.nio.ch}, which is of java.base. */
    private static boolean isOfJava(StackTraceElement frame) {
        return Stream.of(frame.getClassName(), String.valueOf(frame.getModuleName()))
                .anyMatch(name -> name.startsWith("java.") || name.startsWith("jdk."));
    }

    /**
     * Whether the exception is of one of Java's own classes; exceptions of other classes are intended refusals. Of Java's errors, only those count that code
     * causes by itself: running out of memory does not say whose fault that is.
     */
    private static boolean isJavas(Throwable thrown) {
        return thrown.getClass().getName().startsWith("java.")
                && (thrown instanceof Exception || thrown instanceof AssertionError
                        || thrown instanceof StackOverflowError);
    }

    /** Whether moe4j has wrapped a fault, and says no more than it: {@code the step cannot be captured: null}. */
    private static boolean isPassedOn(Throwable thrown) {
        Throwable cause = thrown.getCause();
        return thrown.getClass().getName().startsWith(HOST)
                && (cause instanceof RuntimeException || cause instanceof Error)
                && String.valueOf(thrown.getMessage()).endsWith(": " + cause.getMessage());
    }

    private static String ids(List<Loaded> plugIns) {
        return plugIns.stream().map(entry -> "\"" + entry.id() + "\"").distinct().collect(Collectors.joining(", "));
    }

    /** The call in words, such as {@code AcmeSpec.open()}. For a lambda, the method that contains it; for a constructor, its class. */
    private static String call(StackTraceElement frame) {
        String type = frame.getClassName().substring(frame.getClassName().lastIndexOf('.') + 1).replace('$', '.');
        String method = frame.getMethodName().replaceAll("^lambda\\$(.+)\\$\\d+$", "$1");
        return method.startsWith("<") || method.equals("new") || method.equals("static") ? type
                : type + "." + method + "()";
    }
}
