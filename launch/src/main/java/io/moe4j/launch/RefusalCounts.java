package io.moe4j.launch;

import java.util.HashMap;
import java.util.Map;

/**
 * How often connections were refused, by reason, so that a flood for one reason hides no other. A stranger can make up reasons (the number of a version):
 * from the 64th one on, all count as one.
 */
final class RefusalCounts {
    private static final int MOST_REASONS = 64;
    private static final int ALWAYS_TOLD = 4;

    private final Map<String, Long> counts = new HashMap<>();

    /** The number of refusals for this reason, this one included. */
    synchronized long count(String reason) {
        return counts.merge(counts.containsKey(reason) || counts.size() < MOST_REASONS ? reason : "", 1L, Long::sum);
    }

    /** The first four are told, then the 8th, 16th, 32nd and so on. */
    static boolean isTold(long count) {
        return count <= ALWAYS_TOLD || Long.bitCount(count) == 1;
    }
}
