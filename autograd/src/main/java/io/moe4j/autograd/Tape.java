package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Runs operations and, depending on its mode, remembers them for backward. Belongs to one rank and one pass. Four modes:
 * <ul>
 * <li>{@link #immediate}: runs each operation, remembers nothing; the forward pass under recompute;
 * <li>{@link #recording}: runs each operation and remembers it;
 * <li>{@link #deferred}: remembers operations without running them; {@link #backward} then runs only those whose results it reads. This is
 * recompute: the last operations of a block, whose results no gradient needs, do not run again;
 * <li>{@link #inference}: runs each operation, remembers nothing, and no backward will follow: the pass is not part of a training step, and must not
 * change what training steps leave, such as the counts of tokens per expert.
 * </ul>
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Tape {
    private enum Mode {
        IMMEDIATE, RECORDING, DEFERRED, INFERENCE
    }

    private record Node(Operation operation, List<Variable> inputs, Variable output) {}

    private final RankContext rank;
    private final Mode mode;
    private final KeptValues kept;
    private final List<Node> nodes = new ArrayList<>();

    private Tape(RankContext rank, Mode mode, KeptValues kept) {
        this.rank = rank;
        this.mode = mode;
        this.kept = kept;
    }

    /** A tape that runs operations and remembers nothing. */
    public static Tape immediate(RankContext rank, KeptValues kept) {
        return new Tape(rank, Mode.IMMEDIATE, kept);
    }

    /** A tape that runs operations and remembers them. */
    public static Tape recording(RankContext rank, KeptValues kept) {
        return new Tape(rank, Mode.RECORDING, kept);
    }

    /** A tape that remembers operations, and runs those that backward needs during backward. */
    public static Tape deferred(RankContext rank, KeptValues kept) {
        return new Tape(rank, Mode.DEFERRED, kept);
    }

    /**
     * A tape that runs operations and remembers nothing, outside of any training step.
     *
     * @since 0.3.0
     */
    public static Tape inference(RankContext rank) {
        return new Tape(rank, Mode.INFERENCE, new KeptValues());
    }

    /** The rank. */
    public RankContext rank() {
        return rank;
    }

    /** The rank's main stream. */
    public Stream stream() {
        return rank.stream();
    }

    /** The device's operations. */
    public DeviceOps ops() {
        return rank.device().ops();
    }

    /** A temporary of the innermost open scope. */
    public Tensor temporary(String purpose, DType dtype, long... shape) {
        return rank.memory().allocate(purpose, dtype, shape);
    }

    /** A value from outside. */
    public Variable input(Tensor tensor, boolean needsGradient) {
        return new Variable(tensor, needsGradient);
    }

    /**
     * A value that is computed once, in forward, and kept for recompute and backward: routing decisions and dispatch plans. Tensors in the value must
     * lie in kept memory ({@code MemoryStack.keep}).
     *
     * @param key unique within the segment
     */
    public <T> T kept(Class<T> type, String key, Supplier<T> compute) {
        return kept.get(type, key, compute);
    }

    /** Whether this pass recomputes what an earlier forward has computed: all kept values exist. */
    public boolean isRecompute() {
        return mode == Mode.DEFERRED;
    }

    /**
     * Whether this pass is not part of a training step: nothing that training steps leave may change.
     *
     * @since 0.3.0
     */
    public boolean isInference() {
        return mode == Mode.INFERENCE;
    }

    /** Applies an operation. */
    public Variable apply(Operation operation, Variable... inputs) {
        List<Variable> in = List.of(inputs);
        Variable output = new Variable(operation.allocateOutput(this), true);
        if (mode != Mode.DEFERRED) {
            forward(operation, output);
        }
        if (mode == Mode.RECORDING || mode == Mode.DEFERRED) {
            nodes.add(new Node(operation, in, output));
        }
        return output;
    }

    /**
     * Backpropagates {@code gradient}, the gradient with respect to {@code output}, to everything on the tape that needs a gradient. At most once.
     */
    public void backward(Variable output, Tensor gradient) {
        if (mode == Mode.IMMEDIATE || mode == Mode.INFERENCE) {
            throw new IllegalStateException("backward on an " + mode.name().toLowerCase(Locale.ROOT)
                    + " tape, which remembers nothing; use a recording or deferred one");
        }
        if (mode == Mode.DEFERRED) {
            try (Spans.Span span = rank.spans().open("recompute", "")) {
                runWhatBackwardReads(output);
            }
        }
        output.setGradient(gradient, true);
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            if (node.output.hasGradient()) {
                try (Spans.Span span = span("backward of ", node.operation)) {
                    node.operation.backward(this, new Gradients(this, node.output, node.inputs));
                }
            }
        }
        nodes.clear();
    }

    private void runWhatBackwardReads(Variable output) {
        IdentityHashMap<Variable, Node> producers = new IdentityHashMap<>();
        nodes.forEach(node -> producers.put(node.output, node));
        Set<Node> onPath = new HashSet<>();
        markPath(producers, output, onPath);
        Set<Node> needed = new HashSet<>();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            boolean runs = needed.contains(node) || (onPath.contains(node) && node.operation.backwardNeedsForward());
            if (runs) {
                needed.add(node);
            }
            for (int k = 0; k < node.inputs.size(); k++) {
                Node producer = producers.get(node.inputs.get(k));
                if (producer != null && (runs || (onPath.contains(node) && node.operation.readsInput(k)))) {
                    needed.add(producer);
                }
            }
        }
        nodes.stream().filter(needed::contains).forEach(node -> forward(node.operation, node.output));
    }

    private void forward(Operation operation, Variable output) {
        try (Spans.Span span = span("", operation)) {
            operation.forward(this, output.tensor());
        }
    }

    private Spans.Span span(String pass, Operation operation) {
        return rank.spans().isRecording() ? rank.spans().open(operation.span(), pass + operation.name())
                : Spans.Span.none();
    }

    private static void markPath(Map<Variable, Node> producers, Variable variable, Set<Node> onPath) {
        Node node = producers.get(variable);
        if (node != null && onPath.add(node)) {
            node.inputs.forEach(input -> markPath(producers, input, onPath));
        }
    }

    /** A tensor's extents as an array. */
    public static long[] extents(Tensor tensor) {
        return tensor.shape().stream().mapToLong(Long::longValue).toArray();
    }
}
