package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Runs operations and, depending on its mode, remembers them for backward. Belongs to one rank and one pass. Five modes:
 * <ul>
 * <li>{@link #immediate}: runs each operation, remembers nothing; the forward pass under recompute;
 * <li>{@link #recording}: runs each operation and remembers it;
 * <li>{@link #deferred}: remembers operations without running them; {@link #backward} then runs only those whose results it reads. This is
 * recompute: the last operations of a block, whose results no gradient needs, do not run again, and neither do those whose results were kept;
 * <li>{@link #inference}: runs each operation, remembers nothing, and no backward will follow: the pass is not part of a training step, and must not
 * change what training steps leave, such as the counts of tokens per expert;
 * <li>{@link #profiling}: like {@code inference}, and finds out what each operation costs.
 * </ul>
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Tape {
    /** Name of kept results in the memory report. */
    private static final String KEPT_RESULTS = "kept results of operations";

    private enum Mode {
        IMMEDIATE, RECORDING, DEFERRED, INFERENCE, PROFILING
    }

    /**
     * An applied operation.
     *
     * @param key its name in the segment, if its results can be kept
     * @param isKept whether its results are kept
     * @param bytes of its results; counted by a profiling tape only, like the cost
     */
    private record Node(Operation operation, List<Variable> inputs, Variable output, Optional<String> key,
            boolean isKept, long bytes, double cost) {}

    private final RankContext rank;
    private final Mode mode;
    private final KeptValues kept;
    private final DoubleSupplier meter;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Integer> uses = new HashMap<>();
    /** Present while an operation whose results are kept allocates them. */
    private Optional<KeptValues.Results> results = Optional.empty();
    private long allocatedBytes;

    private Tape(RankContext rank, Mode mode, KeptValues kept) {
        this(rank, mode, kept, () -> 0);
    }

    private Tape(RankContext rank, Mode mode, KeptValues kept, DoubleSupplier meter) {
        this.rank = rank;
        this.mode = mode;
        this.kept = kept;
        this.meter = meter;
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

    /**
     * A tape that runs operations outside of any training step, and finds out what they cost; see {@link #profile}.
     *
     * @param meter returns the cost of all work so far
     * @since 0.3.0
     */
    public static Tape profiling(RankContext rank, DoubleSupplier meter) {
        return new Tape(rank, Mode.PROFILING, new KeptValues(), meter);
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

    /** A temporary of the innermost open scope; for an operation whose results are kept, memory that stays valid until backward. */
    public Tensor temporary(String purpose, DType dtype, long... shape) {
        if (results.isEmpty()) {
            Tensor tensor = rank.memory().allocate(purpose, dtype, shape);
            allocatedBytes += MemoryStack.aligned(tensor.bytes());
            return tensor;
        }
        return isRecompute() ? results.get().next(dtype, shape)
                : results.get().add(rank.memory().keep(KEPT_RESULTS, dtype, shape));
    }

    /**
     * A temporary for an operation of the device that needs {@code bytes} bytes, as its {@code WorkspaceSizes} says; empty if it needs none.
     *
     * @since 0.3.0
     */
    public Optional<Tensor> workspace(long bytes) {
        return bytes == 0 ? Optional.empty() : Optional.of(temporary("workspace", DType.I32, (bytes + 3) / 4));
    }

    /**
     * For {@link Operation#forward}: memory of {@code bytes} bytes for values that its backward would otherwise compute again. Present only in recompute,
     * because backward of the same segment follows at once; in forward, all segments would hold such memory at the same time.
     *
     * @since 0.3.0
     */
    public Optional<Tensor> untilGradient(long bytes) {
        return isRecompute() ? workspace(bytes) : Optional.empty();
    }

    /**
     * For {@link Operation#allocateOutput}: whether the results of this operation are kept from forward to backward by choice.
     *
     * @since 0.3.0
     */
    public boolean keepsResults() {
        return results.isPresent();
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
        return mode == Mode.INFERENCE || mode == Mode.PROFILING;
    }

    /**
     * Whether this tape remembers operations for backward, which reads what they have allocated. If not, a temporary can be freed once forward has read it.
     *
     * @since 0.3.0
     */
    public boolean remembers() {
        return mode == Mode.RECORDING || mode == Mode.DEFERRED;
    }

    /** Applies an operation. */
    public Variable apply(Operation operation, Variable... inputs) {
        List<Variable> in = List.of(inputs);
        Optional<String> key = operation.kind().map(this::numbered);
        Optional<KeptValues.Results> place = key.flatMap(kept::results);
        long before = allocatedBytes;
        Variable output = new Variable(allocate(operation, place), true);
        long bytes = allocatedBytes - before;
        double start = meter.getAsDouble();
        if (mode != Mode.DEFERRED) {
            forward(operation, output);
        }
        if (mode != Mode.IMMEDIATE && mode != Mode.INFERENCE) {
            nodes.add(new Node(operation, in, output, key, place.isPresent(), bytes, meter.getAsDouble() - start));
        }
        return output;
    }

    private Tensor allocate(Operation operation, Optional<KeptValues.Results> place) {
        results = place;
        try {
            return operation.allocateOutput(this);
        } finally {
            results = Optional.empty();
        }
    }

    /** The kind, with a number from its second use on. */
    private String numbered(String kind) {
        int use = uses.merge(kind, 1, Integer::sum);
        return use == 1 ? kind : kind + " " + use;
    }

    /**
     * What was applied to this profiling tape, in order.
     *
     * @param output the result of the segment
     * @since 0.3.0
     */
    public SegmentProfile profile(String segment, Variable output) {
        if (mode != Mode.PROFILING) {
            throw new IllegalStateException("a profile of a tape that does not profile; make it with Tape.profiling");
        }
        OperationGraph graph = graph(output);
        List<OperationProfile> operations = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            operations.add(new OperationProfile(node.operation.changesInput() ? Optional.empty() : node.key,
                    node.bytes + node.operation.reservedBytes(), node.operation.reservedBytes(), node.cost,
                    node.cost * node.operation.partRepeatedByBackward(), graph.nodes().get(i)));
        }
        return new SegmentProfile(segment, operations, graph.output());
    }

    /**
     * Backpropagates {@code gradient}, the gradient with respect to {@code output}, to everything on the tape that needs a gradient. At most once.
     */
    public void backward(Variable output, Tensor gradient) {
        if (mode != Mode.RECORDING && mode != Mode.DEFERRED) {
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
        BitSet keptNodes = new BitSet();
        for (int i = 0; i < nodes.size(); i++) {
            keptNodes.set(i, nodes.get(i).isKept);
        }
        graph(output).repeated(keptNodes).stream().mapToObj(nodes::get)
                .forEach(node -> forward(node.operation, node.output));
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

    private OperationGraph graph(Variable output) {
        IdentityHashMap<Variable, Integer> producers = new IdentityHashMap<>();
        List<OperationGraph.Node> graph = new ArrayList<>();
        for (Node node : nodes) {
            Operation operation = node.operation;
            graph.add(new OperationGraph.Node(
                    node.inputs.stream().map(input -> producers.getOrDefault(input, OperationGraph.OUTSIDE)).toList(),
                    IntStream.range(0, node.inputs.size()).mapToObj(operation::readsInput).toList(),
                    operation.backwardNeedsForward(), operation.changesInput()));
            producers.put(node.output, producers.size());
        }
        return new OperationGraph(graph, producers.getOrDefault(output, OperationGraph.OUTSIDE));
    }

    /** A tensor's extents as an array. */
    public static long[] extents(Tensor tensor) {
        return tensor.shape().stream().mapToLong(Long::longValue).toArray();
    }
}
