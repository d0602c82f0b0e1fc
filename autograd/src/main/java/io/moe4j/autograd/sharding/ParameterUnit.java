package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Parameters that are gathered and reduced together, in one flat buffer of which each rank of the group holds a shard (fully sharded data
 * parallelism: Zhao et al., "PyTorch FSDP", 2023). Between uses only the shard exists. If there is one shard and it has the compute type, gathering
 * copies nothing.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ParameterUnit implements AutoCloseable {
    private final String name;
    private final RankContext rank;
    private final ShardGroup group;
    private final Precision precision;
    private final FlatLayout layout;
    private final Memory valueMemory;
    private final Optional<Memory> gradientMemory;
    private final Tensor shard;
    private final Optional<Tensor> gradientShard;
    private final Optional<ScaledMatrices> keptMatrices;
    private final Optional<Memory> keptMemory;
    private boolean prepared;
    /** Whether the kept values in the compute type are those of the shard. */
    private volatile boolean converted;
    private @Nullable UnitOverlap overlap;
    private Optional<GatheredCopy> copy = Optional.empty();
    private Optional<OpenGradients> open = Optional.empty();
    private Microbatch microbatch = Microbatch.ONLY;

    /** Allocates the shards; their content is undefined until {@link #load}. */
    public ParameterUnit(String name, List<Parameter> parameters, RankContext rank, ShardGroup group,
            Precision precision) {
        this(name, parameters, rank, group, precision, true);
    }

    private ParameterUnit(String name, List<Parameter> parameters, RankContext rank, ShardGroup group,
            Precision precision, boolean trained) {
        this.name = name;
        this.rank = rank;
        this.group = group;
        this.precision = precision;
        this.layout = new FlatLayout(parameters, group.size());
        this.valueMemory = rank.device().allocate(layout.shardElements() * precision.parameters().bytes(),
                "parameters");
        this.gradientMemory = trained
                ? Optional
                        .of(rank.device().allocate(layout.shardElements() * precision.gradients().bytes(), "gradients"))
                : Optional.empty();
        this.shard = Tensor.of(valueMemory, 0, precision.parameters(), layout.shardElements());
        this.gradientShard = gradientMemory
                .map(memory -> Tensor.of(memory, 0, precision.gradients(), layout.shardElements()));
        this.keptMatrices = group.size() == 1 ? ScaledMatrices.keep(name, parameters, rank) : Optional.empty();
        boolean keeps = precision.keepsConverted() && group.size() == 1 && keptMatrices.isEmpty()
                && precision.compute() != precision.parameters();
        this.keptMemory = keeps
                ? Optional.of(rank.device().allocate(layout.elements() * precision.compute().bytes(),
                        "converted parameters"))
                : Optional.empty();
        parameters.forEach(Parameter::join);
        if (!trained) {
            parameters.forEach(Parameter::freeze);
        }
    }

    /**
     * A unit that training does not change: it has no memory for gradients, and opening and reducing them does nothing. Its values are undefined until
     * {@link #load} or {@link #clear}.
     *
     * @since 0.3.0
     */
    public static ParameterUnit frozen(String name, List<Parameter> parameters, RankContext rank, ShardGroup group,
            Precision precision) {
        return new ParameterUnit(name, parameters, rank, group, precision, false);
    }

    /**
     * Whether training does not change it, so that it has no gradients.
     *
     * @since 0.3.0
     */
    public boolean isFrozen() {
        return gradientMemory.isEmpty();
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Its parameters. */
    public List<Parameter> parameters() {
        return layout.parameters();
    }

    /**
     * Elements of all shards together: the parameters one after the other, with gaps that belong to none.
     *
     * @since 0.3.0
     */
    public long elements() {
        return layout.elements();
    }

    /**
     * Where a parameter of this unit begins, counted from the start of the first shard.
     *
     * @throws IllegalArgumentException if it is not of this unit
     * @since 0.3.0
     */
    public long start(Parameter parameter) {
        int index = layout.parameters().indexOf(parameter);
        if (index < 0) {
            throw new IllegalArgumentException(parameter + " is not of unit " + name + ", which has " + parameters());
        }
        return layout.start(index);
    }

    /** The ranks that hold it. */
    public ShardGroup group() {
        return group;
    }

    /**
     * This rank's values (n), of the parameters' type; what belongs to no parameter is zero. The caller may change them: so a unit that keeps them in the
     * compute type too converts them again before they are used.
     */
    public Tensor shard() {
        converted = false;
        return shard;
    }

    /**
     * This rank's values (n) in the compute type, if they are {@linkplain Precision#keepsConverted kept}. An update may write them together with
     * {@link #shard()}, and then calls {@link #markConverted}.
     *
     * @since 0.3.0
     */
    public Optional<Tensor> convertedShard() {
        return keptMemory.map(this::kept);
    }

    /**
     * Says that {@link #convertedShard()} has the rounded values of {@link #shard()}, all of them.
     *
     * @since 0.3.0
     */
    public void markConverted() {
        converted = true;
    }

    /**
     * Enqueues the conversion of the values that are kept in the compute type, if they may have changed since the last one. Whether it does so depends on
     * what has happened before: call it outside of what is captured, and again before each replay.
     *
     * @since 0.3.0
     */
    public void refreshConverted() {
        if (!converted) {
            keptMemory.ifPresent(memory -> rank.device().ops().elementwise().copy(stream(), shard, kept(memory)));
            converted = true;
        }
    }

    /**
     * This rank's gradients (n), reduced; what belongs to no parameter is zero.
     *
     * @throws IllegalStateException if the unit has no memory for gradients
     */
    public Tensor gradientShard() {
        return gradientShard.orElseThrow(() -> new IllegalStateException(
                "unit " + name + " is frozen and has no gradients; ask isFrozen() first"));
    }

    /**
     * Whether {@link #keepGathered} would save anything: only a unit that is spread over several ranks is gathered.
     *
     * @since 0.3.0
     */
    public boolean canKeepGathered() {
        return group.size() > 1;
    }

    /**
     * Allocates memory in which gathered values stay until {@link #prepare} is called again, so that a step gathers them once and not at each use (FSDP calls
     * this {@code reshard_after_forward=False}). It takes the bytes of the whole unit in the compute type, and of what products read with scales. Call it
     * before anything is gathered.
     *
     * @throws IllegalStateException if the unit is not spread, or keeps them already
     * @since 0.3.0
     */
    public void keepGathered() {
        if (!canKeepGathered() || copy.isPresent() || overlap != null) {
            throw new IllegalStateException("unit " + name + ", of " + group.size()
                    + " shards, cannot keep what it gathers: it has one shard, keeps it already, or is gathered ahead"
                    + " already; ask canKeepGathered first, and call this once, before UnitOverlap.open");
        }
        copy = Optional.of(GatheredCopy.open(name, layout, precision.compute(), rank));
    }

    /**
     * Bytes of what {@linkplain #keepGathered stays} gathered; 0 if nothing does.
     *
     * @since 0.3.0
     */
    public long keptGatheredBytes() {
        return copy.map(GatheredCopy::bytes).orElse(0L);
    }

    /**
     * Enqueues what gathering needs once for all passes over the same values: a unit that this rank holds whole quantizes the matrices that products read
     * with scales, or converts all values if they are {@linkplain Precision#keepsConverted kept} and {@link #refreshConverted} has not done so. A unit that
     * {@linkplain #keepGathered keeps} what it gathers will gather again. Call it before the first pass of a step, or of an evaluation; a gathering after
     * the values have changed, and before this is called again, gives the old values. Does nothing for other units, which convert and quantize what they
     * gather.
     *
     * @since 0.3.0
     */
    public void prepare() {
        keptMatrices.ifPresent(matrices -> matrices.fill(rank, parameter -> part(shard, parameter)));
        refreshConverted();
        copy.ifPresent(GatheredCopy::outdate);
        if (overlap != null) {
            overlap.outdate(this);
        }
        prepared = true;
    }

    /**
     * Whether it can be gathered: {@link #prepare} was called, or it has nothing to prepare.
     *
     * @since 0.3.0
     */
    public boolean isPrepared() {
        return prepared || (keptMatrices.isEmpty() && keptMemory.isEmpty() && copy.isEmpty());
    }

    /**
     * Makes the parameters' values available in the compute type, and what products read with scales. Temporaries come from the innermost open scope, so
     * close the returned object before that scope.
     *
     * @throws IllegalStateException if the unit has values or matrices to {@link #prepare()}, or keeps what it gathers, and it was not called
     */
    public Gathered gather() {
        if (!isPrepared()) {
            throw new IllegalStateException("unit " + name
                    + " is gathered before its values have been converted; call prepare first");
        }
        Optional<Tensor> ahead = Optional.ofNullable(overlap).flatMap(beside -> beside.gathered(this));
        Map<Parameter, Tensor> values = ahead.map(this::parts).orElseGet(this::gatheredValues);
        Gathered gathered = new Bound(this, values, matrices(values).tensors(),
                ahead.isPresent() ? Optional.ofNullable(overlap) : Optional.empty());
        gathered.bind();
        return gathered;
    }

    /**
     * Sets the microbatch to which the gradients opened from now on belong. Those of the first overwrite {@link #gradientShard()}, those of
     * later ones are added to it in fp32, rounded to its type, and after the last the replicas are summed.
     */
    public void begin(Microbatch next) {
        microbatch = next;
    }

    /**
     * Opens the gradients: from now until {@link #reduceGradients()}, in the same scope, operations contribute to them. Does nothing if the unit is
     * {@linkplain #isFrozen frozen}.
     */
    public void openGradients() {
        if (isFrozen()) {
            return;
        }
        OpenGradients opened = OpenGradients.of(layout, gradientShard(), precision.compute(), group.size() == 1,
                microbatch);
        opened.open(rank, Optional.ofNullable(overlap).flatMap(beside -> beside.openGradients(this)));
        open = Optional.of(opened);
    }

    /**
     * Sums the gradients over the ranks, where each rank keeps its shard of the sum, and closes them. Does nothing if the unit is {@linkplain #isFrozen
     * frozen}.
     */
    public void reduceGradients() {
        if (isFrozen()) {
            return;
        }
        OpenGradients opened = open.orElseThrow(
                () -> new IllegalStateException(
                        "the gradients of unit " + name + " are reduced without having been opened"));
        for (Parameter parameter : parameters()) {
            if (!parameter.isGradientWritten()) {
                stream().fill(parameter.gradient(), 0);
            }
            parameter.closeGradient();
        }
        open = Optional.empty();
        if (opened.isBeside() && overlap != null) {
            overlap.reduce(this, (beside, sums) -> reduce(opened, beside, group.beside().orElseThrow(),
                    () -> Tensor.of(sums.orElseThrow().memory(), 0, gradientShard().dtype(), layout.shardElements())));
        } else {
            reduce(opened, stream(), group, () -> rank.memory().allocate("reduced gradients", gradientShard().dtype(),
                    layout.shardElements()));
        }
    }

    private void reduce(OpenGradients opened, Stream stream, ShardGroup over, Supplier<Tensor> sums) {
        if (over.shards().isPresent() && over.size() > 1) {
            reduceScatter(stream, over.shards().get(), opened.flat(), sums);
        } else {
            opened.forEachConverted((gradients, part) -> addToShard(stream, gradients, part));
        }
        sumReplicas(stream, over);
    }

    private void sumReplicas(Stream stream, ShardGroup over) {
        if (microbatch.isLast()) {
            over.replicas().filter(replicas -> replicas.group().size() > 1).ifPresent(
                    replicas -> collective(stream, "all-reduce", () -> replicas.allReduce(stream, gradientShard())));
        }
    }

    /**
     * The rows of this rank's shard, if the unit has one table alone, is spread over several ranks, and is trained. Its gradients can then be
     * {@linkplain #sumGradients summed} shard by shard.
     *
     * @since 0.3.0
     */
    public Optional<TableShard> tableShard() {
        return group.size() > 1 && !isFrozen() ? TableShard.of(layout, group.index()) : Optional.empty();
    }

    /**
     * In the place of {@link #openGradients} and {@link #reduceGradients}, where this rank itself has what all ranks contribute to its shard.
     *
     * @param contributions adds them to zeros, F32 (n), laid out like the shard: for each rank, in rank order, its own sum
     * @since 0.3.0
     */
    public void sumGradients(Consumer<Tensor> contributions) {
        Tensor part = gradientShard();
        boolean inShard = microbatch.isFirst() && part.dtype().isSinglePrecision();
        Tensor sums = inShard ? part
                : rank.memory().allocate("reduced gradients", DType.F32, layout.shardElements());
        stream().fill(sums, 0);
        contributions.accept(sums);
        if (!inShard) {
            addToShard(stream(), microbatch.isFirst() ? sums : rounded(sums, part.dtype()), part);
        }
        sumReplicas(stream(), group);
    }

    /** As a sum over ranks is rounded before it is added to that of earlier microbatches. */
    private Tensor rounded(Tensor sums, DType dtype) {
        if (dtype == sums.dtype()) {
            return sums;
        }
        Tensor rounded = rank.memory().allocate("reduced gradients", dtype, sums.elements());
        rank.device().ops().elementwise().copy(stream(), sums, rounded);
        return rounded;
    }

    /** Sets this rank's values to zero. */
    public void clear() {
        stream().fill(shard(), 0);
    }

    /** Sets this rank's values. */
    public void load(ShardTransfer.Source source) {
        clear();
        write(shard(), source);
    }

    /** Visits the parts of its parameters that lie in this rank's shard. */
    public void forEachPiece(PieceVisitor visitor) {
        layout.pieces(group.index())
                .forEach(piece -> visitor.visit(piece.parameter(), piece.fromInParameter(), piece.fromInShard(),
                        piece.count()));
    }

    /**
     * Reads this rank's part of a tensor that is laid out like the shard: values, gradients or moments. Waits for the device.
     */
    public void read(Tensor shardLike, ShardTransfer.Sink sink) {
        layout.pieces(group.index()).forEach(piece -> ShardTransfer.download(stream(), shardLike, piece, sink));
    }

    /** Sets this rank's part of a tensor that is laid out like the shard. */
    public void write(Tensor shardLike, ShardTransfer.Source source) {
        layout.pieces(group.index()).forEach(piece -> ShardTransfer.upload(stream(), shardLike, piece, source));
    }

    /**
     * Visits the parts of its parameters that lie in elements {@code from} to {@code to} of this rank's shard.
     *
     * @since 0.3.0
     */
    public void forEachPiece(long from, long to, PieceVisitor visitor) {
        for (FlatLayout.Piece piece : pieces(from, to)) {
            visitor.visit(piece.parameter(), piece.fromInParameter(), piece.fromInShard(), piece.count());
        }
    }

    /**
     * Reads a tensor (n) that is laid out like elements {@code from} to {@code from + n} of the shard. Waits for the device.
     *
     * @since 0.3.0
     */
    public void read(Tensor part, long from, ShardTransfer.Sink sink) {
        pieces(from, from + part.elements())
                .forEach(piece -> ShardTransfer.download(stream(), part, piece.after(from), sink));
    }

    /**
     * Sets a tensor (n) that is laid out like elements {@code from} to {@code from + n} of the shard.
     *
     * @since 0.3.0
     */
    public void write(Tensor part, long from, ShardTransfer.Source source) {
        pieces(from, from + part.elements())
                .forEach(piece -> ShardTransfer.upload(stream(), part, piece.after(from), source));
    }

    private List<FlatLayout.Piece> pieces(long from, long to) {
        return layout.pieces(group.index()).stream().flatMap(piece -> piece.within(from, to).stream()).toList();
    }

    @Override
    public void close() {
        copy.ifPresent(GatheredCopy::close);
        keptMemory.ifPresent(Memory::close);
        keptMatrices.ifPresent(ScaledMatrices::close);
        gradientMemory.ifPresent(Memory::close);
        valueMemory.close();
    }

    /** What products read with scales, of these values. */
    private ScaledMatrices matrices(Map<Parameter, Tensor> values) {
        Consumer<ScaledMatrices> fill = matrices -> matrices.fill(rank,
                parameter -> Objects.requireNonNull(values.get(parameter)));
        return keptMatrices.or(() -> copy.flatMap(kept -> kept.matrices(fill))).orElseGet(() -> {
            ScaledMatrices temporary = ScaledMatrices.allocate(name, parameters(), rank.memory());
            fill.accept(temporary);
            return temporary;
        });
    }

    private Map<Parameter, Tensor> gatheredValues() {
        if (group.size() == 1 && precision.compute() == precision.parameters()) {
            return parts(shard);
        }
        if (keptMemory.isPresent()) {
            return parts(kept(keptMemory.get()));
        }
        return keptMatrices.isPresent() ? convertedValues() : parts(gatheredFlat());
    }

    private Tensor kept(Memory memory) {
        return Tensor.of(memory, 0, precision.compute(), layout.elements());
    }

    /** The values of a whole unit in another type, without those of the matrices that are kept in a third one. */
    private Map<Parameter, Tensor> convertedValues() {
        Map<Parameter, Tensor> values = new LinkedHashMap<>();
        parameters().stream().filter(parameter -> !ScaledMatrices.has(parameter)).forEach(parameter -> {
            Tensor value = rank.memory().allocate("gathered parameters", precision.compute(), parameter.shape());
            rank.device().ops().elementwise().copy(stream(), part(shard, parameter), value);
            values.put(parameter, value);
        });
        return values;
    }

    private Tensor gatheredFlat() {
        Tensor flat = copy.map(GatheredCopy::flat).orElseGet(() -> rank.memory().allocate("gathered parameters",
                precision.compute(), layout.elements()));
        if (!hasGathered()) {
            gather(stream(), group, flat);
        }
        return flat;
    }

    private void gather(Stream stream, ShardGroup over, Tensor flat) {
        Tensor own = flat.slice(0, group.index() * layout.shardElements(),
                (group.index() + 1) * layout.shardElements());
        rank.device().ops().elementwise().copy(stream, shard, own);
        over.shards().ifPresent(
                shards -> collective(stream, "all-gather", () -> shards.allGather(stream, own, flat)));
        copy.ifPresent(GatheredCopy::markValues);
    }

    private void reduceScatter(Stream stream, Collectives shards, Tensor flat, Supplier<Tensor> sums) {
        if (microbatch.isFirst()) {
            collective(stream, "reduce-scatter", () -> shards.reduceScatter(stream, flat, gradientShard()));
            return;
        }
        Tensor reduced = sums.get();
        collective(stream, "reduce-scatter", () -> shards.reduceScatter(stream, flat, reduced));
        addToShard(stream, reduced, gradientShard());
    }

    private void addToShard(Stream stream, Tensor gradients, Tensor part) {
        if (microbatch.isFirst()) {
            rank.device().ops().elementwise().copy(stream, gradients, part);
        } else {
            rank.device().ops().elementwise().accumulate(stream, gradients, 1, part);
        }
    }

    /** Spans are timed on the main stream, and therefore cover no work of another one. */
    private void collective(Stream stream, String operation, Runnable work) {
        Spans spans = stream.equals(stream()) ? rank.spans() : Spans.none();
        try (Spans.Span span = spans.open("collectives", spans.isRecording() ? operation + " of " + name : "")) {
            work.run();
        }
    }

    /** Whether it is spread over several ranks, and can be gathered and reduced on the stream for communication. */
    boolean canOverlap() {
        return group.size() > 1 && group.beside().isPresent();
    }

    /** Gathers and reduces beside the main stream from now on, where the overlap says so; null to stop that. */
    void overlapWith(@Nullable UnitOverlap beside) {
        overlap = beside;
    }

    /**
     * The overlap that it is gathered and reduced with.
     *
     * @since 0.3.0
     */
    public Optional<UnitOverlap> overlap() {
        return Optional.ofNullable(overlap);
    }

    /** Where gathered values stay, if they do. */
    Optional<Tensor> gatheredPlace() {
        return copy.map(GatheredCopy::flat);
    }

    /** Whether the values that stay are those of this step. */
    boolean hasGathered() {
        return copy.map(GatheredCopy::hasValues).orElse(false);
    }

    /** Enqueues gathering all values. */
    void gatherBeside(Stream beside, Tensor flat) {
        gather(beside, group.beside().orElseThrow(), flat);
    }

    DType gatheredType() {
        return precision.compute();
    }

    long gatheredBytes() {
        return layout.elements() * precision.compute().bytes();
    }

    /** Bytes of the gradients of all ranks' shards, in F32. */
    long gradientBytes() {
        return isFrozen() ? 0 : layout.elements() * DType.F32.bytes();
    }

    private Map<Parameter, Tensor> parts(Tensor flat) {
        Map<Parameter, Tensor> parts = new LinkedHashMap<>();
        parameters().forEach(parameter -> parts.put(parameter, part(flat, parameter)));
        return parts;
    }

    private Tensor part(Tensor flat, Parameter parameter) {
        long start = start(parameter);
        return flat.slice(0, start, start + parameter.elements()).view(parameter.shape());
    }

    private Stream stream() {
        return rank.stream();
    }

    /** Values are available until this is closed. Several may be open at once; the parameters have the values of the one that was bound last. */
    @FunctionalInterface
    public interface Gathered extends AutoCloseable {

        /**
         * Makes these the parameters' values again, after another gathering of the same unit was opened or closed.
         *
         * @since 0.2.0
         */
        default void bind() {}

        @Override
        void close();
    }

    private record Bound(ParameterUnit unit, Map<Parameter, Tensor> values,
            Map<Parameter, ScaledMatrix> matrices, Optional<UnitOverlap> ahead)
            implements Gathered {
        @Override
        public void bind() {
            values.forEach(Parameter::bindValue);
            matrices.forEach(
                    (parameter, matrix) -> parameter.bindScaled(matrix.byRows(), matrix.byColumns()));
        }

        @Override
        public void close() {
            unit.parameters().forEach(parameter -> {
                parameter.bindValue(null);
                parameter.bindScaled(null, null);
            });
            ahead.ifPresent(overlap -> overlap.leave(unit));
        }
    }

    /** Visits parts of parameters. */
    @FunctionalInterface
    public interface PieceVisitor {
        /**
         * Visits {@code count} elements, from {@code from}, of the part of {@code parameter} that this rank has; in the shard they begin at
         * {@code fromInShard}.
         */
        void visit(Parameter parameter, long from, long fromInShard, long count);
    }
}
