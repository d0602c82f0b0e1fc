package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How much memory a rank may use for results that are kept from forward to backward.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface MemoryBudget {

    /** The device's memory that remains after everything else that its ranks need; ranks that share a device get equal parts of it. */
    record Auto() implements MemoryBudget {}

    /**
     * A fixed amount.
     *
     * @param gib GiB, finite and at least 0
     */
    record Gib(double gib) implements MemoryBudget {
        public Gib {
            if (!(gib >= 0) || Double.isInfinite(gib)) {
                throw new IllegalArgumentException("a memory budget of " + gib
                        + " GiB; it must be a finite number of at least 0");
            }
        }

        /** The budget in bytes, rounded down. */
        public long bytes() {
            return (long) (gib * (1L << 30));
        }
    }
}
