package io.moe4j.api.spi;

import io.moe4j.api.Stability;

/**
 * The answer of {@link Provider#probe()}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public sealed interface Availability {

    /** It can be opened. */
    record Available() implements Availability {}

    /**
     * It cannot.
     *
     * @param reason what is missing
     * @param remedy what to do about it
     */
    record Unavailable(String reason, String remedy) implements Availability {}

    /** It can be opened. */
    static Availability available() {
        return new Available();
    }

    /** It cannot be opened. */
    static Availability unavailable(String reason, String remedy) {
        return new Unavailable(reason, remedy);
    }
}
