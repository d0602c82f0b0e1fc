package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Bytes that one rank sends to others in one step. The experts' exchange is counted as if routing were even: each rank then sends
 * {@code (EP - 1) / EP} of its routed rows to other ranks, or fewer if rows are sent once; see {@link SentRows}.
 *
 * @param allGather parameters, gathered for forward and for backward
 * @param reduceScatter gradients
 * @param allReduce gradients over replicas, and token counts
 * @param dispatch rows to their experts, in forward and in recompute
 * @param combine rows back from their experts
 * @param combineAdjoint gradients of the rows that came back, to the experts
 * @param dispatchAdjoint gradients of the rows that were dispatched, back from the experts
 * @param counts the counts that ranks exchange for their plans
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record StepTraffic(long allGather, long reduceScatter, long allReduce, long dispatch, long combine,
        long combineAdjoint, long dispatchAdjoint, long counts) {

    /** The sum of all bytes. */
    public long totalBytes() {
        return byKind().values().stream().mapToLong(Long::longValue).sum();
    }

    /** Bytes by kind, in the order of a step. */
    public Map<String, Long> byKind() {
        Map<String, Long> kinds = new LinkedHashMap<>();
        kinds.put("all_gather", allGather);
        kinds.put("dispatch", dispatch);
        kinds.put("combine", combine);
        kinds.put("combine_adjoint", combineAdjoint);
        kinds.put("dispatch_adjoint", dispatchAdjoint);
        kinds.put("exchange_counts", counts);
        kinds.put("reduce_scatter", reduceScatter);
        kinds.put("all_reduce", allReduce);
        return kinds;
    }
}
