package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.ReceiveCapacity;

/**
 * What a plug-in must be able to do for a configuration. The same rule is applied to a provider, when the configuration is checked, and to what it
 * has opened.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class PlugInFit {
    /** The rule that {@link #reportsOverflows} checks. */
    public static final String OVERFLOW_UNREPORTED = "this backend cannot report overflows, so that rows could be lost without a word";
    /** What helps. */
    public static final String OVERFLOW_REMEDY = "set moe.receive_capacity to worst_case";

    private PlugInFit() {}

    /**
     * Whether a communication backend is safe with the receive capacity of the configuration: below the worst case, it has to report overflows.
     *
     * @param hasStatistics whether it reports the rows that each exchange needed
     */
    public static boolean reportsOverflows(boolean hasStatistics, TrainerConfig config) {
        return hasStatistics || config.moe().receiveCapacity() instanceof ReceiveCapacity.WorstCase;
    }
}
