package io.moe4j.trainer.plugins;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;
import java.util.function.Supplier;

/**
 * Opens what a plug-in offers. A fault of a plug-in, such as a null pointer, has a message that says neither that it is of a plug-in nor of which.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Opening {
    static final String REPORT = "; report this to its author: moe4j plugins shows its jar";

    private Opening() {}

    /**
     * Opens it.
     *
     * @throws IllegalStateException if it returns null, or throws one of Java's own exceptions whose message does not have the plug-in's id; all
     *     other exceptions are passed on
     */
    public static <T> T of(Provider provider, Supplier<T> open) {
        T opened;
        try {
            opened = open.get();
        } catch (RuntimeException e) {
            if (saysEnough(provider, e)) {
                throw e;
            }
            throw new IllegalStateException(named(provider) + " could not be opened: " + e + REPORT, e);
        }
        if (opened == null) {
            throw new IllegalStateException(
                    named(provider) + " returned null from open(...); let it return what it opened,"
                            + " or throw a DeviceException that says why it cannot be opened");
        }
        return opened;
    }

    /** Whether an exception is a refusal that was meant, or names the plug-in. */
    static boolean saysEnough(Provider provider, RuntimeException e) {
        return !e.getClass().getName().startsWith("java.") || String.valueOf(e.getMessage()).contains(provider.id());
    }

    static String named(Provider provider) {
        return "the plug-in \"" + provider.id() + "\"";
    }
}
