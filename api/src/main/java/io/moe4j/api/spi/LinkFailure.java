package io.moe4j.api.spi;

import io.moe4j.api.spi.Registry.Loaded;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds the plug-in that caused a linkage error, and what is missing: the JVM's own errors name neither plug-in nor version. */
final class LinkFailure {
    /** {@code 'io.moe4j.api.device.KernelArg io.moe4j.api.device.KernelArg.of(int)'}. */
    private static final Pattern QUOTED = Pattern.compile("'([^']+)'");
    private static final String NOT_INITIALIZED = "Could not initialize class ";
    private static final int MAX_CAUSES = 100;
    /** What to do about {@link #own}. */
    static final String OWN_REMEDY = "install what it needs, as its documentation says, or report this to the author of the plug-in";

    private LinkFailure() {}

    /** The first linkage error among a failure and its causes. */
    static Optional<LinkageError> in(Throwable failure) {
        return Stream.<Throwable>iterate(failure, cause -> cause != null, Throwable::getCause).limit(MAX_CAUSES)
                .filter(LinkageError.class::isInstance).map(LinkageError.class::cast).findFirst();
    }

    /** The providers of the plug-in in which it happened; several if the jar has several. */
    static List<Loaded> suspects(LinkageError error, Stream<Loaded> loaded) {
        List<Loaded> outside = PlugInFault.outside(loaded);
        for (StackTraceElement frame : error.getStackTrace()) {
            List<Loaded> here = outside.stream().filter(entry -> PlugInFault.isOf(entry.provider().getClass(), frame))
                    .toList();
            if (!here.isEmpty()) {
                return here;
            }
        }
        // A missing implementation of an abstract method is reported where the host calls it; the message names the plug-in's class.
        String message = String.valueOf(error.getMessage());
        return outside.stream()
                .filter(entry -> message.contains(entry.provider().getClass().getPackageName() + "."))
                .toList();
    }

    /** The missing member or class, in words. */
    static String missing(LinkageError error) {
        String message = String.valueOf(error.getMessage());
        Matcher quoted = QUOTED.matcher(message);
        return switch (error) {
            case NoSuchMethodError e when quoted.find() -> "the method " + quoted.group(1) + " is missing";
            case NoSuchFieldError e -> "the field " + message + " is missing";
            case NoClassDefFoundError e when !message.contains(" ") -> "the class " + message.replace('/', '.')
                    + " is missing";
            case AbstractMethodError e -> "a method is not implemented: " + message;
            default -> error.getClass().getSimpleName() + ": " + message;
        };
    }

    /**
     * The failure in words, if its cause is the plug-in alone: a static initializer that throws, or a missing native library. The JVM reports these as linkage
     * errors too, but another host would not help. Empty for all other failures.
     */
    static Optional<String> own(LinkageError error) {
        String message = String.valueOf(error.getMessage());
        return switch (error) {
            case UnsatisfiedLinkError e -> Optional.of("a native library is missing, or does not fit: " + message);
            case ExceptionInInitializerError e -> Optional
                    .of("a static initializer of its classes failed: " + e.getCause());
            case NoClassDefFoundError e when message.startsWith(NOT_INITIALIZED) -> Optional
                    .of("the static initializer of "
                            + message.substring(NOT_INITIALIZED.length()) + " failed" + (e.getCause() == null ? ""
                                    : ": " + e.getCause().getMessage()));
            default -> Optional.empty();
        };
    }

    /** {@code plug-in "x" of x.jar does not link with this host: the class y is missing; it was built against …}. */
    static String describe(List<Loaded> suspects, LinkageError error, @Nullable SpiVersion host) {
        Loaded first = suspects.getFirst();
        String plugIn = "plug-in "
                + String.join(", ", suspects.stream().map(entry -> "\"" + entry.id() + "\"").toList())
                + " of " + first.jar();
        Optional<String> own = own(error);
        return own.isPresent() ? plugIn + " failed: " + own.get() + "; " + OWN_REMEDY
                : plugIn + " does not link with this host: " + missing(error) + "; "
                        + versions(first.spiName(), first.built(), host)
                        + ": build the jar against this host's api, with all classes that it needs, or use the host that it was made for";
    }

    /** The version that the plug-in was built against, and that of the host, in words. */
    static String versions(String spi, SpiVersion built, @Nullable SpiVersion host) {
        return "it was built against version " + built + " of " + spi + ", and this host has " + host;
    }
}
