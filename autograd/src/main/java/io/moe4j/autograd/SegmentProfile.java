package io.moe4j.autograd;

import io.moe4j.api.Stability;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * What is known of a segment before it runs: its operations, what they cost, and what they read.
 *
 * @param name of the segment, such as {@code "layers.3"}
 * @param operations in the order in which they are applied
 * @param output number of the operation whose result is the segment's, or {@link OperationGraph#OUTSIDE}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SegmentProfile(String name, List<OperationProfile> operations, int output) {

    public SegmentProfile {
        operations = List.copyOf(operations);
    }

    /** Cost of all operations, once. */
    public double cost() {
        return operations.stream().mapToDouble(OperationProfile::cost).sum();
    }

    /**
     * Cost of the forward work that is repeated if the results of {@code kept} are kept: by the operations that recompute runs, and by operations that repeat
     * a part in their own backward.
     */
    public double repeatedCost(Set<String> kept) {
        return repeated(kept).stream().mapToDouble(i -> operations.get(i).cost()).sum()
                + operations.stream().mapToDouble(OperationProfile::costInBackward).sum();
    }

    /** The numbers of the operations that recompute runs, if the results of {@code kept} are kept. */
    public BitSet repeated(Set<String> kept) {
        BitSet exist = new BitSet();
        for (int i = 0; i < operations.size(); i++) {
            exist.set(i, operations.get(i).key().filter(kept::contains).isPresent());
        }
        return new OperationGraph(operations.stream().map(OperationProfile::node).toList(), output).repeated(exist);
    }

    /** Bytes of the results of {@code kept}. */
    public long bytes(Set<String> kept) {
        return operations.stream().filter(operation -> operation.key().filter(kept::contains).isPresent())
                .mapToLong(OperationProfile::bytes).sum();
    }

    /** How many of {@code kept} have results that are reserved before the run; see {@link Operation#reservedBytes}. */
    public int reservations(Set<String> kept) {
        return Math.toIntExact(operations.stream().filter(operation -> operation.reservedBytes() > 0
                && operation.key().filter(kept::contains).isPresent()).count());
    }

    /** Whether another segment has the same operations: the same choice has the same effect there. */
    public boolean isLike(SegmentProfile other) {
        return operations.equals(other.operations) && output == other.output;
    }
}
