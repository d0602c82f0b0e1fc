package io.moe4j.launch;

import java.util.HashMap;
import java.util.Map;

/**
 * Counts refused connections by reason, so that a flood with one reason does not hide the others. A stranger can invent reasons, such as version
 * numbers; from the 64th reason on, all are counted as one.
 */
final class RefusalCounts {
    private static final int MOST_REASONS = 64;
    private static final int ALWAYS_TOLD = 4;

    private final Map<String, Long> counts = new HashMap<>();

    /** The number of refusals for this reason, this one included. */
    synchronized long count(String reason) {
        return counts.merge(counts.containsKey(reason) || counts.size() < MOST_REASONS ? reason : "", 1L, Long::sum);
    }

    /** Whether to log this refusal: the first four, then the 8th, 16th, 32nd and so on. */
    static boolean isTold(long count) {
        return count <= ALWAYS_TOLD || Long.bitCount(count) == 1;
    }
}
