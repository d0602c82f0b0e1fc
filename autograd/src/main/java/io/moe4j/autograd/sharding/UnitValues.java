package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The values of a unit: this rank's shard, which the optimizer updates, and the operands of products, which are made from the shards of all ranks. A unit
 * that this rank holds whole can keep the operands, and converts them once after each change. A unit that is spread is gathered at each use, or once a step
 * if it has {@linkplain #keepGathered memory} for the gathered values.
 */
final class UnitValues implements AutoCloseable {
    private final UnitContext unit;
    private final DType type;
    private final Memory memory;
    private final Tensor shard;
    private final Optional<ScaledMatrices> keptMatrices;
    private final Optional<Memory> keptMemory;
    private boolean prepared;
    /** Whether the kept values in the compute type are those of the shard. */
    private volatile boolean converted;
    private Optional<GatheredCopy> copy = Optional.empty();

    UnitValues(UnitContext unit, Precision precision) {
        this.unit = unit;
        this.type = precision.compute();
        this.memory = unit.allocateShard(precision.parameters(), "parameters");
        this.shard = unit.shard(memory, precision.parameters());
        boolean whole = unit.group().size() == 1;
        this.keptMatrices = whole
                ? ScaledMatrices.keep(unit.name(), unit.layout().parameters(), unit.rank())
                : Optional.empty();
        boolean keeps = whole && precision.keepsConverted() && keptMatrices.isEmpty() && type != shard.dtype();
        this.keptMemory = keeps
                ? Optional.of(unit.rank().device().allocate(bytes(), "converted parameters"))
                : Optional.empty();
    }

    /** Its values in the type of the parameters (n). */
    Tensor shard() {
        return shard;
    }

    /** Its values in the compute type (n), if they are kept. */
    Optional<Tensor> convertedShard() {
        return keptMemory.map(kept -> Tensor.of(kept, 0, type, unit.layout().elements()));
    }

    /** Notes that the shard may change, so that the kept values must be converted again. */
    void markChanged() {
        converted = false;
    }

    /** Notes that the kept values are those of the shard. */
    void markConverted() {
        converted = true;
    }

    /** Enqueues the conversion of the values that are kept, if they are not those of the shard. */
    void refreshConverted() {
        if (!converted) {
            convertedShard().ifPresent(kept -> copy(shard, kept));
            converted = true;
        }
    }

    /** Allocates memory in which gathered values stay until {@link #prepare} is called again. */
    void keepGathered() {
        copy = Optional.of(GatheredCopy.open(unit.name(), unit.layout(), type, unit.rank()));
    }

    /** Where gathered values stay, if they do. */
    Optional<Tensor> place() {
        return copy.map(GatheredCopy::flat);
    }

    /** Bytes of what stays gathered. */
    long keptBytes() {
        return copy.map(GatheredCopy::bytes).orElse(0L);
    }

    /** Whether the values that stay are those of this step. */
    boolean hasGathered() {
        return copy.map(GatheredCopy::hasValues).orElse(false);
    }

    /** The type that they are gathered in. */
    DType type() {
        return type;
    }

    /** Bytes of the gathered values. */
    long bytes() {
        return unit.layout().elements() * type.bytes();
    }

    /** Enqueues what gathering needs once for all passes over the same values. */
    void prepare() {
        keptMatrices.ifPresent(matrices -> fill(matrices, unit.layout().parts(shard)));
        refreshConverted();
        copy.ifPresent(GatheredCopy::outdate);
        prepared = true;
    }

    /** Whether {@link #prepare} was called, or there is nothing to prepare. */
    boolean isPrepared() {
        return prepared || (keptMatrices.isEmpty() && keptMemory.isEmpty() && copy.isEmpty());
    }

    /** The values of each parameter in the compute type, without those of matrices that are kept in quantized form only. */
    Map<Parameter, Tensor> gather() {
        if (unit.group().size() == 1 && type == shard.dtype()) {
            return unit.layout().parts(shard);
        }
        return keptMatrices.isPresent() ? convertedValues()
                : unit.layout().parts(convertedShard().orElseGet(this::gatheredFlat));
    }

    private Tensor gatheredFlat() {
        Tensor flat = place().orElseGet(() -> allocate(unit.layout().elements()));
        if (!hasGathered()) {
            gather(unit.stream(), unit.group(), flat);
        }
        return flat;
    }

    /** The values of a whole unit, converted to the compute type, without those of matrices that are kept quantized. */
    private Map<Parameter, Tensor> convertedValues() {
        Map<Parameter, Tensor> values = new LinkedHashMap<>();
        unit.layout().parts(shard).forEach((parameter, part) -> {
            if (!ScaledMatrices.has(parameter)) {
                Tensor value = allocate(parameter.shape());
                copy(part, value);
                values.put(parameter, value);
            }
        });
        return values;
    }

    /** Enqueues gathering all values on the stream for communication. */
    void gatherBeside(Stream beside, Tensor flat) {
        gather(beside, unit.group().beside().orElseThrow(), flat);
    }

    private void gather(Stream stream, ShardGroup over, Tensor flat) {
        Tensor own = flat.slice(0, unit.group().index() * shard.elements(),
                (unit.group().index() + 1) * shard.elements());
        unit.rank().device().ops().elementwise().copy(stream, shard, own);
        over.shards().ifPresent(
                shards -> unit.collective(stream, "all-gather", () -> shards.allGather(stream, own, flat)));
        copy.ifPresent(GatheredCopy::markValues);
    }

    /** The quantized matrices of these values. */
    Map<Parameter, ScaledMatrix> matrices(Map<Parameter, Tensor> values) {
        return keptMatrices.or(() -> copy.flatMap(kept -> kept.matrices(matrices -> fill(matrices, values))))
                .orElseGet(() -> {
                    ScaledMatrices temporary = ScaledMatrices.allocate(unit.name(), unit.layout().parameters(),
                            unit.rank().memory());
                    fill(temporary, values);
                    return temporary;
                }).tensors();
    }

    private void fill(ScaledMatrices matrices, Map<Parameter, Tensor> values) {
        matrices.fill(unit.rank(), parameter -> Objects.requireNonNull(values.get(parameter)));
    }

    private Tensor allocate(long... shape) {
        return unit.rank().memory().allocate("gathered parameters", type, shape);
    }

    private void copy(Tensor from, Tensor to) {
        unit.rank().device().ops().elementwise().copy(unit.stream(), from, to);
    }

    @Override
    public void close() {
        copy.ifPresent(GatheredCopy::close);
        keptMemory.ifPresent(Memory::close);
        keptMatrices.ifPresent(ScaledMatrices::close);
        memory.close();
    }
}
