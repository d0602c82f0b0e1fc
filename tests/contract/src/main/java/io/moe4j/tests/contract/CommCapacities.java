package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Exchanges whose rows just fit into what a rank can receive, or do not fit. */
final class CommCapacities {

    private CommCapacities() {}

    /** All rows go to one rank, which has room for them. */
    static List<CommCase> worstCase(List<Integer> groupSizes) {
        return groupSizes.stream().map(ranks -> CommCase.of("worst case x" + ranks, ranks, 24, 8, experts(ranks),
                experts(ranks) / ranks, Routing.FIRST)).toList();
    }

    /** Capacities exactly full, one row too small, and much too small, under either action; forced balance in its own capacity. */
    static List<CommCase> all(List<Integer> groupSizes) {
        List<CommCase> cases = new ArrayList<>();
        for (int ranks : groupSizes) {
            cases.add(CommCase.of("round robin x" + ranks, ranks, 24, 8, experts(ranks), 2, Routing.ROUND_ROBIN)
                    .with(ReceiveCapacity.balanced(), OverflowAction.FAIL));
            for (Routing routing : List.of(Routing.SKEWED, Routing.FIRST, Routing.LAST)) {
                CommCase shape = CommCase.of(routing + " x" + ranks, ranks, 41, 8, experts(ranks),
                        Math.min(2, experts(ranks) / ranks), routing);
                int required = new CommReference(shape).mostRequired();
                for (int capacity : List.of(required, required - 1, shape.tokens() * shape.topK())) {
                    capacityOf(shape, capacity).ifPresent(given -> {
                        cases.add(shape.with(given, OverflowAction.FAIL));
                        cases.add(shape.with(given, OverflowAction.DROP));
                    });
                }
            }
        }
        assertTrue(groupSizes.equals(List.of(1)) || cases.stream().anyMatch(CommCapacities::overflows));
        return cases;
    }

    private static int experts(int ranks) {
        return ranks == 3 ? 6 : 8;
    }

    /** The factor that gives {@code capacity} rows; absent below the balanced load. */
    private static Optional<ReceiveCapacity> capacityOf(CommCase shape, int capacity) {
        double balanced = (double) shape.tokens() * shape.topK();
        // Half a row below, because the product is rounded up.
        double factor = Math.max(1, (capacity - 0.5) / balanced);
        return capacity < balanced ? Optional.empty() : Optional.of(ReceiveCapacity.factor(factor));
    }

    private static boolean overflows(CommCase shape) {
        CommReference reference = new CommReference(shape);
        return reference.mostRequired() > reference.capacity();
    }
}
