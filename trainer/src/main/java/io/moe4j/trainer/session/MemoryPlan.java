package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import java.util.Map;
import java.util.TreeMap;

/**
 * Memory of one rank, in bytes.
 *
 * @param allocated memory that is kept as long as the session, by purpose
 * @param stack the peak of the planned memory of steps, by purpose
 * @param stackBytes the peak of the planned memory of steps, including alignment
 * @param laneBytes the peak of the memory of a microbatch that is alive at the same time as others
 * @param lanes how many microbatches are alive at the same time; 0 if each ends before the next begins
 * @param host memory of the host that is kept as long as the session, in addition to the device's, by purpose; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record MemoryPlan(Map<String, Long> allocated, Map<String, Long> stack, long stackBytes,
        long laneBytes, int lanes, Map<String, Long> host) {
    public MemoryPlan {
        host = new TreeMap<>(host);
        allocated = new TreeMap<>(allocated);
        stack = new TreeMap<>(stack);
    }

    /** A plan of a rank without memory of the host. */
    public MemoryPlan(Map<String, Long> allocated, Map<String, Long> stack, long stackBytes, long laneBytes,
            int lanes) {
        this(allocated, stack, stackBytes, laneBytes, lanes, Map.of());
    }

    /** All bytes of the host's memory, in addition to the device's. */
    public long hostBytes() {
        return host.values().stream().mapToLong(Long::longValue).sum();
    }

    /** All bytes of a rank on its device. */
    public long totalBytes() {
        return allocated.values().stream().mapToLong(Long::longValue).sum() + plannedBytes();
    }

    /** All planned memory: the stack and its lanes. */
    public long plannedBytes() {
        return stackBytes + lanes * laneBytes;
    }

    /** All bytes of a rank, by purpose. */
    public Map<String, Long> byPurpose() {
        Map<String, Long> all = new TreeMap<>(allocated);
        stack.forEach((purpose, bytes) -> all.merge(purpose, bytes, Long::sum));
        long aligned = plannedBytes() - stack.values().stream().mapToLong(Long::longValue).sum();
        if (aligned > 0) {
            all.merge("alignment", aligned, Long::sum);
        }
        return all;
    }
}
