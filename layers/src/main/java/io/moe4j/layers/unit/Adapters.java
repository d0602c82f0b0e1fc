package io.moe4j.layers.unit;

import io.moe4j.api.Stability;
import io.moe4j.autograd.function.LowRank;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.layers.init.InitialValues;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Declares the low-rank updates of one unit's matrices, in a unit of their own, which is trained while the matrices are frozen. Initial values are those of
 * PEFT: a is uniform within ± 1/√I, b is zero.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Adapters {
    private static final String WEIGHT = ".weight";

    private final Optional<LoraSpec> spec;
    private final UnitBuilder base;
    private final UnitBuilder updates;
    private final InitialValues initial;
    private final int firstExpert;

    /** A part of a matrix that is updated, and how its name begins for each expert. */
    private record Target(long row, long rows, List<String> modules) {}

    /**
     * Begins a declaration.
     *
     * @param spec absent if there are none
     * @param base declares the matrices
     * @param firstExpert number of the first expert of this rank, for the matrices of experts
     */
    public Adapters(Optional<LoraSpec> spec, UnitBuilder base, InitialValues initial, int firstExpert) {
        this.spec = spec;
        this.base = base;
        this.updates = new UnitBuilder(base.unit() + ".lora", initial);
        this.initial = initial;
        this.firstExpert = firstExpert;
    }

    /** Updates of nothing, for the same unit. */
    public Adapters none() {
        return new Adapters(Optional.empty(), base, initial, firstExpert);
    }

    /** The updates of a matrix (O, I), or of the matrices (e, O, I) of experts; empty if no target selects any part of it. */
    public Optional<LowRank> of(Parameter matrix) {
        return spec.flatMap(lora -> declare(lora, matrix, targets(lora, matrix)));
    }

    /** Maps the name that PEFT gives to each matrix of the updates to its place in a parameter. */
    public Map<String, ParameterSlice> names() {
        return updates.names();
    }

    /** Allocates the unit, unless nothing is updated, and sets its initial values. */
    public Optional<ParameterUnit> build(ModelContext context, ShardGroup group) {
        return updates.isEmpty() ? Optional.empty()
                : Optional.of(updates.build(context, group, context.forwardOnly(), false));
    }

    private List<Target> targets(LoraSpec lora, Parameter matrix) {
        long[] shape = matrix.shape();
        long columns = shape[shape.length - 1];
        long expert = shape[shape.length - 2] * columns;
        Map<Long, Target> targets = new LinkedHashMap<>();
        base.names().forEach((name, slice) -> {
            String module = name.substring(0, name.length() - WEIGHT.length());
            if (slice.parameter().equals(matrix) && AdapterTargets.include(lora.targets(), module)) {
                targets.computeIfAbsent(slice.from() % expert / columns,
                        row -> new Target(row, slice.shape().getFirst(), new ArrayList<>())).modules.add(module);
                base.updated(name);
            }
        });
        return List.copyOf(targets.values());
    }

    private Optional<LowRank> declare(LoraSpec lora, Parameter matrix, List<Target> targets) {
        if (targets.isEmpty()) {
            return Optional.empty();
        }
        long[] shape = matrix.shape();
        long columns = shape[shape.length - 1];
        boolean experts = shape.length == 3;
        String name = updates.unit() + "." + matrix.name().substring(base.unit().length() + 1);
        Parameter a = add(name + ".a", experts, shape[0], targets.size() * (long) lora.rank(), columns,
                1 / Math.sqrt(columns));
        List<LowRank.Part> parts = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            Target target = targets.get(i);
            Parameter b = add(name + ".b" + i, experts, shape[0], target.rows, lora.rank(), 0);
            parts.add(new LowRank.Part(b, target.row));
            for (int j = 0; j < target.modules.size(); j++) {
                String prefix = AdapterTargets.PREFIX + target.modules.get(j);
                updates.name(prefix + AdapterTargets.A, a, ((long) j * targets.size() + i) * lora.rank() * columns,
                        lora.rank(), columns);
                updates.name(prefix + AdapterTargets.B, b, j * target.rows * lora.rank(), target.rows, lora.rank());
            }
        }
        return Optional.of(new LowRank(a, parts, lora.scale()));
    }

    private Parameter add(String name, boolean experts, long count, long rows, long columns, double bound) {
        Parameter parameter = experts
                ? new Parameter(name, firstExpert * rows * columns, count, rows, columns)
                : new Parameter(name, 0, rows, columns);
        return updates.add(parameter, bound == 0 ? InitialValues.zeros() : initial.uniform(name, bound));
    }
}
