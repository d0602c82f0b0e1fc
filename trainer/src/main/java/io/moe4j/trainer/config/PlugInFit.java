package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.ReceiveCapacity;

/**
 * What a plug-in must support for a configuration. The same rule is applied to the provider, when the configuration is checked, and to the object that it
 * opens.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class PlugInFit {
    /** The rule that {@link #reportsOverflows} checks. */
    public static final String OVERFLOW_UNREPORTED = "this backend cannot report overflows, so that rows could be lost unnoticed";
    /** The remedy. */
    public static final String OVERFLOW_REMEDY = "set moe.receive_capacity to worst_case";

    private PlugInFit() {}

    /**
     * Whether a communication backend is safe with the receive capacity of the configuration: with less than the worst case, it must report overflows.
     *
     * @param hasStatistics whether it reports the rows that each exchange needed
     */
    public static boolean reportsOverflows(boolean hasStatistics, TrainerConfig config) {
        return hasStatistics || config.moe().receiveCapacity() instanceof ReceiveCapacity.WorstCase;
    }
}
