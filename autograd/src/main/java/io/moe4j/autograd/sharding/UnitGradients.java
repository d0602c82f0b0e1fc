package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The gradients of a unit that is trained. A microbatch opens them, contributes, and reduces them: what the ranks have contributed is summed, and each rank
 * keeps its shard of the sum. The first microbatch of a step overwrites the shard, later ones are added to it, and after the last the replicas are summed.
 */
final class UnitGradients implements AutoCloseable {
    private static final String SUMS = "reduced gradients";

    private final UnitContext unit;
    private final Memory memory;
    private final Tensor shard;
    private final DType compute;
    private Optional<OpenGradients> open = Optional.empty();
    private Microbatch microbatch = Microbatch.ONLY;

    UnitGradients(UnitContext unit, Precision precision) {
        this.unit = unit;
        this.memory = unit.allocateShard(precision.gradients(), "gradients");
        this.shard = unit.shard(memory, precision.gradients());
        this.compute = precision.compute();
    }

    /** This rank's gradients (n), reduced. */
    Tensor shard() {
        return shard;
    }

    /** Sets the microbatch to which the gradients opened from now on belong. */
    void begin(Microbatch next) {
        microbatch = next;
    }

    /** @param room the buffer, if they will be reduced on the communication stream */
    void open(Optional<Tensor> room) {
        OpenGradients opened = OpenGradients.of(unit.layout(), shard, compute, unit.group().size() == 1, microbatch);
        opened.open(unit.rank(), room);
        open = Optional.of(opened);
    }

    /** Ends the contributions of operations, and returns the gradients, which can be reduced now. */
    OpenGradients complete() {
        OpenGradients opened = open.orElseThrow(
                () -> new IllegalStateException(
                        "the gradients of unit " + unit.name() + " are reduced without having been opened"));
        for (Parameter parameter : unit.layout().parameters()) {
            if (!parameter.isGradientWritten()) {
                unit.stream().fill(parameter.gradient(), 0);
            }
            parameter.closeGradient();
        }
        open = Optional.empty();
        return opened;
    }

    /** Enqueues the reduction on the main stream. */
    void reduce(OpenGradients complete) {
        reduce(complete, unit.stream(), unit.group(), this::allocateSums);
    }

    /**
     * Enqueues the reduction on the stream for communication.
     *
     * @param sums memory for the sum over ranks before it is added to that of earlier microbatches
     */
    void reduceBeside(OpenGradients complete, Stream beside, Optional<Tensor> sums) {
        reduce(complete, beside, unit.group().beside().orElseThrow(),
                () -> unit.shard(sums.orElseThrow().memory(), shard.dtype()));
    }

    private void reduce(OpenGradients complete, Stream stream, ShardGroup over, Supplier<Tensor> sums) {
        if (over.shards().isPresent() && over.size() > 1) {
            reduceScatter(stream, over.shards().get(), complete.flat(), sums);
        } else {
            complete.forEachConverted((gradients, part) -> addTo(part, stream, gradients));
        }
        sumReplicas(stream, over);
    }

    private void reduceScatter(Stream stream, Collectives shards, Tensor flat, Supplier<Tensor> sums) {
        if (microbatch.isFirst()) {
            unit.collective(stream, "reduce-scatter", () -> shards.reduceScatter(stream, flat, shard));
            return;
        }
        Tensor reduced = sums.get();
        unit.collective(stream, "reduce-scatter", () -> shards.reduceScatter(stream, flat, reduced));
        addTo(shard, stream, reduced);
    }

    private void sumReplicas(Stream stream, ShardGroup over) {
        if (microbatch.isLast()) {
            over.replicas().filter(replicas -> replicas.group().size() > 1).ifPresent(
                    replicas -> unit.collective(stream, "all-reduce", () -> replicas.allReduce(stream, shard)));
        }
    }

    /** Puts gradients in their place in the shard, beside those of earlier microbatches. */
    private void addTo(Tensor part, Stream stream, Tensor gradients) {
        if (microbatch.isFirst()) {
            unit.rank().device().ops().elementwise().copy(stream, gradients, part);
        } else {
            unit.rank().device().ops().elementwise().accumulate(stream, gradients, 1, part);
        }
    }

    /**
     * Replaces opening and reducing: {@code contributions} adds the contributions of all ranks to a tensor of zeros, F32 (n), laid out like this rank's
     * shard.
     */
    void sum(Consumer<Tensor> contributions) {
        boolean inShard = microbatch.isFirst() && shard.dtype().isSinglePrecision();
        Tensor sums = inShard ? shard : allocateSums(DType.F32);
        unit.stream().fill(sums, 0);
        contributions.accept(sums);
        if (!inShard) {
            addTo(shard, unit.stream(), microbatch.isFirst() ? sums : rounded(sums));
        }
        sumReplicas(unit.stream(), unit.group());
    }

    /** Rounds sums as a sum over ranks is rounded before it is added to that of earlier microbatches. */
    private Tensor rounded(Tensor sums) {
        if (shard.dtype() == sums.dtype()) {
            return sums;
        }
        Tensor rounded = allocateSums();
        unit.rank().device().ops().elementwise().copy(unit.stream(), sums, rounded);
        return rounded;
    }

    private Tensor allocateSums() {
        return allocateSums(shard.dtype());
    }

    private Tensor allocateSums(DType type) {
        return unit.rank().memory().allocate(SUMS, type, shard.elements());
    }

    @Override
    public void close() {
        memory.close();
    }
}
