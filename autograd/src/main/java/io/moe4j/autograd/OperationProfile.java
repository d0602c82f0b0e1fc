package io.moe4j.autograd;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * What is known of an operation of a segment before it runs.
 *
 * @param key its name in this segment, by which a policy chooses to keep its results: its kind, with a number from the second use on, such as
 *        {@code "residual 2"}; empty if its results cannot be kept
 * @param bytes bytes of its results, alignment included
 * @param reservedBytes the part of {@code bytes} that is reserved before the run; see {@link Operation#reservedBytes}
 * @param cost cost of its forward, in any unit that is the same for all operations
 * @param costInBackward the part of {@code cost} that its own backward repeats, whatever is kept
 * @param node what it reads
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record OperationProfile(Optional<String> key, long bytes, long reservedBytes, double cost,
        double costInBackward,
        OperationGraph.Node node) {

    /** An operation whose results are allocated as it runs, and whose backward computes nothing of its forward again. */
    public OperationProfile(Optional<String> key, long bytes, double cost, OperationGraph.Node node) {
        this(key, bytes, 0, cost, 0, node);
    }
}
