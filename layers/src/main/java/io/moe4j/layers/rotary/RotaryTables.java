package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * The tables of angles of a model, on the rank's device. Layers with equal rotary embeddings share a table.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RotaryTables {
    private final RankContext rank;
    private final int sequence;
    private final Resources resources;
    private final Map<RotarySpec, Rotary> tables = new HashMap<>();

    /**
     * Tables for a rank.
     *
     * @param sequence S, positions of a table
     * @param resources owns the memory of the tables
     */
    public RotaryTables(RankContext rank, long sequence, Resources resources) {
        this.rank = rank;
        this.sequence = Math.toIntExact(sequence);
        this.resources = resources;
    }

    /** The embedding with its angles; its table is created at the first call. */
    public Rotary of(RotarySpec spec) {
        return tables.computeIfAbsent(spec, this::make);
    }

    private Rotary make(RotarySpec spec) {
        Memory memory = resources.add(
                rank.device().allocate(Tensor.bytes(DType.F32, sequence, spec.dim()), "rope table"));
        Tensor table = Tensor.of(memory, 0, DType.F32, sequence, spec.dim());
        // A plan counts bytes; it does not read them.
        if (!rank.device().kind().equals(DeviceKind.PLANNING)) {
            rank.stream().upload(MemorySegment.ofArray(RotaryTable.cosSin(spec, sequence)), table);
        }
        return new Rotary(spec.rotation(), table);
    }
}
