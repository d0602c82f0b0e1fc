package io.moe4j.trainer.plugins;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.spi.Asking;

/**
 * The requirements of an exchange.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ExchangeNeeds {

    private ExchangeNeeds() {}

    /**
     * Returns the requirements of the provider's exchange.
     *
     * @throws IllegalStateException as {@link Asking#of} does
     */
    public static CommRequirements of(CommBackendProvider provider) {
        return Asking.of(provider, "requirements", CommBackendProvider::requirements);
    }
}
