package io.moe4j.trainer.plugins;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Provider;
import java.util.function.Supplier;

/**
 * Opens an object of a plug-in. If the plug-in throws, for example, a NullPointerException, whose message names no plug-in, the error names it.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Opening {

    private Opening() {}

    /**
     * Opens it.
     *
     * @throws IllegalStateException as {@link Asking#of} does
     */
    public static <T> T of(Provider provider, Supplier<T> open) {
        return Asking.call(provider, open, Asking.named(provider) + " could not be opened",
                Asking.named(provider) + " returned null from open(...); let it return what it opened,"
                        + " or throw a DeviceException that says why it cannot be opened" + Asking.report(provider));
    }
}
