package io.moe4j.autograd;

import io.moe4j.api.Stability;
import java.util.BitSet;
import java.util.List;

/**
 * The operations of a segment, in the order in which they are applied, and what they read. From these it finds the operations that recompute runs: those
 * whose results some backward reads, and those that compute the inputs of such an operation. An operation whose results were kept never runs again.
 *
 * <p>For example, a norm is followed by a matrix product, whose result nothing reads in backward. The product's own backward reads the norm's result:
 * recompute runs the norm only, and if that was kept, nothing.
 *
 * @param nodes the operations
 * @param output number of the operation whose result is the segment's, or {@link #OUTSIDE}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record OperationGraph(List<Node> nodes, int output) {
    /** Takes the place of an operation's number if the value was not computed in this segment. */
    public static final int OUTSIDE = -1;

    public OperationGraph {
        nodes = List.copyOf(nodes);
    }

    /**
     * An operation.
     *
     * @param inputs for each input, the number of the operation that computed it, or {@link #OUTSIDE}
     * @param read for each input, whether backward reads it; see {@link Operation#readsInput}
     * @param backwardNeedsForward see {@link Operation#backwardNeedsForward}
     * @param changesInput see {@link Operation#changesInput}
     */
    public record Node(List<Integer> inputs, List<Boolean> read, boolean backwardNeedsForward, boolean changesInput) {
        public Node {
            inputs = List.copyOf(inputs);
            read = List.copyOf(read);
        }
    }

    /** The numbers of the operations that recompute runs, if the results of {@code kept} exist already. */
    public BitSet repeated(BitSet kept) {
        BitSet available = available(kept);
        BitSet onPath = onPath();
        BitSet needed = new BitSet();
        BitSet repeated = new BitSet();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            boolean differentiated = onPath.get(i);
            boolean runs = !available.get(i)
                    && (needed.get(i) || (differentiated && node.backwardNeedsForward));
            repeated.set(i, runs);
            for (int k = 0; k < node.inputs.size(); k++) {
                int producer = node.inputs.get(k);
                if (producer != OUTSIDE && (runs || (differentiated && node.read.get(k)))) {
                    needed.set(producer);
                }
            }
        }
        return repeated;
    }

    /** An operation that changes its input in place has left its result in the memory of its input: both are kept, or none. */
    private BitSet available(BitSet kept) {
        BitSet available = (BitSet) kept.clone();
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            if (node.changesInput) {
                int producer = node.inputs.getFirst();
                available.set(i, producer != OUTSIDE && available.get(producer));
            }
        }
        return available;
    }

    /** The operations that the segment's result depends on: a gradient reaches them. */
    private BitSet onPath() {
        BitSet onPath = new BitSet();
        if (output != OUTSIDE) {
            onPath.set(output);
        }
        for (int i = nodes.size() - 1; i >= 0; i--) {
            if (onPath.get(i)) {
                nodes.get(i).inputs.stream().filter(producer -> producer != OUTSIDE).forEach(onPath::set);
            }
        }
        return onPath;
    }
}
