package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
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
    private final UnitContext context;
    private final UnitValues values;
    private final Optional<UnitGradients> gradients;
    private @Nullable UnitOverlap overlap;

    /** Allocates the shards; their content is undefined until {@link #load}. */
    public ParameterUnit(String name, List<Parameter> parameters, RankContext rank, ShardGroup group,
            Precision precision) {
        this(name, parameters, rank, group, precision, true);
    }

    private ParameterUnit(String name, List<Parameter> parameters, RankContext rank, ShardGroup group,
            Precision precision, boolean trained) {
        this.context = new UnitContext(name, rank, group, new FlatLayout(parameters, group.size()));
        this.values = new UnitValues(context, precision);
        this.gradients = trained ? Optional.of(new UnitGradients(context, precision)) : Optional.empty();
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
        return gradients.isEmpty();
    }

    /** Its name. */
    public String name() {
        return context.name();
    }

    /** Its parameters. */
    public List<Parameter> parameters() {
        return context.layout().parameters();
    }

    /**
     * Elements of all shards together: the parameters one after the other, with gaps that belong to none.
     *
     * @since 0.3.0
     */
    public long elements() {
        return context.layout().elements();
    }

    /**
     * Where a parameter of this unit begins, counted from the start of the first shard.
     *
     * @throws IllegalArgumentException if it is not of this unit
     * @since 0.3.0
     */
    public long start(Parameter parameter) {
        int index = parameters().indexOf(parameter);
        if (index < 0) {
            throw new IllegalArgumentException(parameter + " is not of unit " + name() + ", which has " + parameters());
        }
        return context.layout().start(index);
    }

    /** The ranks that hold it. */
    public ShardGroup group() {
        return context.group();
    }

    /**
     * This rank's values (n), in the parameters' type; elements that belong to no parameter are zero. The caller may change them. A unit that also keeps them
     * in the compute type therefore converts them again before their next use.
     */
    public Tensor shard() {
        values.markChanged();
        return values.shard();
    }

    /**
     * This rank's values (n) in the compute type, if they are {@linkplain Precision#keepsConverted kept}. An optimizer may write them together with
     * {@link #shard()}; it then calls {@link #markConverted}.
     *
     * @since 0.3.0
     */
    public Optional<Tensor> convertedShard() {
        return values.convertedShard();
    }

    /**
     * Notes that every element of {@link #convertedShard()} is the rounded value of {@link #shard()}.
     *
     * @since 0.3.0
     */
    public void markConverted() {
        values.markConverted();
    }

    /**
     * Enqueues the conversion of the values that are kept in the compute type, if they may have changed since the last one. Whether it does so depends on
     * what has happened before: call it outside of what is captured, and again before each replay.
     *
     * @since 0.3.0
     */
    public void refreshConverted() {
        values.refreshConverted();
    }

    /**
     * This rank's gradients (n), reduced; elements that belong to no parameter are zero.
     *
     * @throws IllegalStateException if the unit has no memory for gradients
     */
    public Tensor gradientShard() {
        return gradients.orElseThrow(this::hasNoGradients).shard();
    }

    private IllegalStateException hasNoGradients() {
        return new IllegalStateException("unit " + name() + " is frozen and has no gradients; ask isFrozen() first");
    }

    /**
     * Whether {@link #keepGathered} would save anything: only a unit that is spread over several ranks is gathered.
     *
     * @since 0.3.0
     */
    public boolean canKeepGathered() {
        return group().size() > 1;
    }

    /**
     * Allocates memory in which gathered values stay until {@link #prepare} is called again, so that a step gathers them once and not at each use (FSDP calls
     * this {@code reshard_after_forward=False}). It takes the bytes of the whole unit in the compute type, and of its quantized matrices. Call it before
     * anything is gathered.
     *
     * @throws IllegalStateException if the unit is not spread, or keeps them already
     * @since 0.3.0
     */
    public void keepGathered() {
        if (!canKeepGathered() || values.place().isPresent() || overlap != null) {
            throw new IllegalStateException("unit " + name() + ", of " + group().size()
                    + " shards, cannot keep what it gathers: it has one shard, keeps it already, or is gathered ahead"
                    + " already; ask canKeepGathered first, and call this once, before UnitOverlap.open");
        }
        values.keepGathered();
    }

    /**
     * Bytes of the values that {@linkplain #keepGathered stay} gathered; 0 if none do.
     *
     * @since 0.3.0
     */
    public long keptGatheredBytes() {
        return values.keptBytes();
    }

    /**
     * Enqueues work that is needed once for all passes over the same values. A unit that this rank holds whole quantizes its matrices that have a type with
     * scales, and converts its values if they are {@linkplain Precision#keepsConverted kept} and {@link #refreshConverted} has not done so. A unit that
     * {@linkplain #keepGathered keeps} what it gathers will gather again at its next use. Other units do nothing here: they convert and quantize at each
     * gathering. Call it before the first pass of a step or of an evaluation; until then, {@link #gather} gives the values from before the last change.
     *
     * @since 0.3.0
     */
    public void prepare() {
        values.prepare();
        overlap().ifPresent(beside -> beside.outdate(this));
    }

    /**
     * Whether it can be gathered: {@link #prepare} was called, or it has nothing to prepare.
     *
     * @since 0.3.0
     */
    public boolean isPrepared() {
        return values.isPrepared();
    }

    /**
     * Makes the parameters' values available in the compute type, and their quantized matrices. Temporaries come from the innermost open scope, so close the
     * returned object before that scope.
     *
     * @throws IllegalStateException if {@link #isPrepared} is false
     */
    public Gathered gather() {
        if (!isPrepared()) {
            throw new IllegalStateException("unit " + name()
                    + " is gathered before its values have been converted; call prepare first");
        }
        Optional<Tensor> ahead = overlap().flatMap(beside -> beside.gathered(this));
        Map<Parameter, Tensor> parts = ahead.map(context.layout()::parts).orElseGet(values::gather);
        Gathered gathered = new BoundValues(this, parts, values.matrices(parts),
                ahead.isPresent() ? overlap() : Optional.empty());
        gathered.bind();
        return gathered;
    }

    /**
     * Sets the microbatch to which the gradients opened from now on belong. Those of the first overwrite {@link #gradientShard()}, those of
     * later ones are added to it in fp32, rounded to its type, and after the last the replicas are summed.
     */
    public void begin(Microbatch next) {
        gradients.ifPresent(trained -> trained.begin(next));
    }

    /**
     * Opens the gradients: from now until {@link #reduceGradients()}, in the same scope, operations contribute to them. Does nothing if the unit is
     * {@linkplain #isFrozen frozen}.
     */
    public void openGradients() {
        gradients.ifPresent(trained -> trained.open(overlap().flatMap(beside -> beside.openGradients(this))));
    }

    /**
     * Sums the gradients over the ranks, where each rank keeps its shard of the sum, and closes them. Does nothing if the unit is {@linkplain #isFrozen
     * frozen}.
     */
    public void reduceGradients() {
        gradients.ifPresent(trained -> {
            OpenGradients complete = trained.complete();
            if (complete.isBeside() && overlap != null) {
                overlap.reduce(this, (beside, sums) -> trained.reduceBeside(complete, beside, sums));
            } else {
                trained.reduce(complete);
            }
        });
    }

    /**
     * The rows of this rank's shard, if the unit consists of one table, is spread over several ranks, and is trained. Its gradients can then be
     * {@linkplain #sumGradients summed} by each rank for its own shard.
     *
     * @since 0.3.0
     */
    public Optional<TableShard> tableShard() {
        return group().size() > 1 && !isFrozen() ? TableShard.of(context.layout(), group().index())
                : Optional.empty();
    }

    /**
     * Replaces {@link #openGradients} and {@link #reduceGradients} if this rank has the contributions of all ranks to its shard already.
     *
     * @param contributions receives a tensor of zeros, F32 (n), laid out like the shard, and adds each rank's contribution to it, in rank order
     * @since 0.3.0
     */
    public void sumGradients(Consumer<Tensor> contributions) {
        gradients.orElseThrow(this::hasNoGradients).sum(contributions);
    }

    /** Sets this rank's values to zero. */
    public void clear() {
        context.stream().fill(shard(), 0);
    }

    /** Sets this rank's values. */
    public void load(ShardTransfer.Source source) {
        clear();
        write(shard(), source);
    }

    /** Visits the parts of its parameters that lie in this rank's shard. */
    public void forEachPiece(PieceVisitor visitor) {
        context.pieces().forEach(visitor);
    }

    /**
     * Reads this rank's part of a tensor that is laid out like the shard: values, gradients or moments. Waits for the device.
     */
    public void read(Tensor shardLike, ShardTransfer.Sink sink) {
        context.pieces().read(shardLike, sink);
    }

    /** Sets this rank's part of a tensor that is laid out like the shard. */
    public void write(Tensor shardLike, ShardTransfer.Source source) {
        context.pieces().write(shardLike, source);
    }

    /**
     * Visits the parts of its parameters that lie in elements {@code from} to {@code to} of this rank's shard.
     *
     * @since 0.3.0
     */
    public void forEachPiece(long from, long to, PieceVisitor visitor) {
        context.pieces().within(from, to).forEach(visitor);
    }

    /**
     * Reads a tensor (n) that is laid out like elements {@code from} to {@code from + n} of the shard. Waits for the device.
     *
     * @since 0.3.0
     */
    public void read(Tensor part, long from, ShardTransfer.Sink sink) {
        pieces(part, from).read(part, sink);
    }

    /**
     * Sets a tensor (n) that is laid out like elements {@code from} to {@code from + n} of the shard.
     *
     * @since 0.3.0
     */
    public void write(Tensor part, long from, ShardTransfer.Source source) {
        pieces(part, from).write(part, source);
    }

    private ShardPieces pieces(Tensor part, long from) {
        return context.pieces().within(from, from + part.elements()).after(from);
    }

    @Override
    public void close() {
        values.close();
        gradients.ifPresent(UnitGradients::close);
    }

    /** Whether it is spread over several ranks, and can be gathered and reduced on the communication stream. */
    boolean canOverlap() {
        return group().size() > 1 && group().beside().isPresent();
    }

    /**
     * The object that gathers and reduces it on the communication stream.
     *
     * @since 0.3.0
     */
    public Optional<UnitOverlap> overlap() {
        return Optional.ofNullable(overlap);
    }

    /** Lets {@code beside} gather and reduce this unit on the communication stream from now on; null to stop that. */
    void overlapWith(@Nullable UnitOverlap beside) {
        overlap = beside;
    }

    /** Its values, for those that gather them ahead. */
    UnitValues values() {
        return values;
    }

    /** Bytes of the gradients of all ranks' shards, in F32. */
    long gradientBytes() {
        return isFrozen() ? 0 : elements() * DType.F32.bytes();
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
