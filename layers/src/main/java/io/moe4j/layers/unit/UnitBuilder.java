package io.moe4j.layers.unit;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Initializer;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.layers.init.InitialValues;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Declares the parameters of one unit: extents, initial values, and their names in a Hugging Face checkpoint.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class UnitBuilder {
    /** Normal values are truncated at this absolute value; with a standard deviation of 0.02 no value comes near it. */
    private static final double CUT = 2;

    /** Standard deviation of most matrices. */
    public static final double STD = 0.02;

    private final String unit;
    private final InitialValues initial;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Map<Parameter, Initializer> values = new HashMap<>();
    private final Map<String, ParameterSlice> names = new LinkedHashMap<>();
    private final Set<String> updated = new HashSet<>();

    /** A builder for the unit with this name. */
    public UnitBuilder(String unit, InitialValues initial) {
        this.unit = unit;
        this.initial = initial;
    }

    /** Weights of a norm. */
    public Parameter norm(String name, String checkpointName, long dim) {
        Parameter parameter = add(new Parameter(unit + "." + name, 0, dim), InitialValues.ones());
        name(checkpointName, parameter, 0, dim);
        return parameter;
    }

    /** (O, I), truncated normal. */
    public Parameter matrix(String name, String checkpointName, double std, long out, long in) {
        return matrix(name, checkpointName, initial.truncatedNormal(unit + "." + name, std, CUT), out, in);
    }

    /** (V, D), normal with a standard deviation of 1. */
    public Parameter embedding(String name, String checkpointName, long vocabulary, long dim) {
        return matrix(name, checkpointName, initial.normal(unit + "." + name, 1), vocabulary, dim);
    }

    /**
     * (V, D), truncated normal with a standard deviation of D^-0.5, truncated at three standard deviations: the projection of a head, or an embedding that is
     * also the head's projection.
     */
    public Parameter head(String name, String checkpointName, long vocabulary, long dim) {
        double std = 1 / Math.sqrt(dim);
        return matrix(name, checkpointName, initial.truncatedNormal(unit + "." + name, std, 3 * std), vocabulary, dim);
    }

    /** (2F, D): the rows of gate, then those of up, so that one product computes both. */
    public Parameter gateUp(String name, String checkpointPrefix, double upStd, long hidden, long dim) {
        Parameter parameter = add(new Parameter(unit + "." + name, 0, 2 * hidden, dim),
                gateUpValues(name, upStd, hidden, dim));
        name(checkpointPrefix + "gate_proj.weight", parameter, 0, hidden, dim);
        name(checkpointPrefix + "up_proj.weight", parameter, hidden * dim, hidden, dim);
        return parameter;
    }

    /** (e, 2F, D) for the experts {@code first} and following. */
    public Parameter expertGateUp(String name, String checkpointPrefix, double upStd, Experts experts, long hidden,
            long dim) {
        long size = 2 * hidden * dim;
        Parameter parameter = add(
                new Parameter(unit + "." + name, experts.first * size, experts.count, 2 * hidden, dim),
                gateUpValues(name, upStd, hidden, dim));
        for (int j = 0; j < experts.count; j++) {
            String prefix = checkpointPrefix + (experts.first + j) + ".";
            name(prefix + "gate_proj.weight", parameter, j * size, hidden, dim);
            name(prefix + "up_proj.weight", parameter, j * size + hidden * dim, hidden, dim);
        }
        return parameter;
    }

    /** (e, D, F) for the experts {@code first} and following. */
    public Parameter expertDown(String name, String checkpointPrefix, double std, Experts experts, long dim,
            long hidden) {
        long size = dim * hidden;
        Parameter parameter = add(new Parameter(unit + "." + name, experts.first * size, experts.count, dim, hidden),
                initial.truncatedNormal(unit + "." + name, std, CUT));
        for (int j = 0; j < experts.count; j++) {
            name(checkpointPrefix + (experts.first + j) + ".down_proj.weight", parameter, j * size, dim, hidden);
        }
        return parameter;
    }

    /** Its name. */
    String unit() {
        return unit;
    }

    /** Whether anything was declared. */
    boolean isEmpty() {
        return parameters.isEmpty();
    }

    /** Maps the name of each checkpoint tensor of this unit to its place in a parameter. */
    public Map<String, ParameterSlice> names() {
        return names;
    }

    /**
     * Gives the checkpoint tensors that were declared so far other names, for a family that publishes a layer of this library under names of its
     * own: Mixtral has {@code block_sparse_moe.experts.7.w1.weight} where {@code mlp.experts.7.gate_proj.weight} was declared.
     *
     * @param name maps a declared name, the block's prefix included, to the new name; returns its argument for tensors that keep their name
     * @throws IllegalArgumentException if two tensors would have one name, or one that gets another name has low-rank updates, which were declared under
     *     its first one
     * @since 0.3.0
     */
    public void rename(UnaryOperator<String> name) {
        Map<String, ParameterSlice> renamed = new LinkedHashMap<>();
        names.forEach((old, slice) -> {
            if (updated.contains(old) && !name.apply(old).equals(old)) {
                throw new IllegalArgumentException(
                        unit + ": " + old + " has low-rank updates, which keep this name, and"
                                + " would be named " + name.apply(old)
                                + "; let the layer that renames it list no adapterMatrices");
            }
            if (renamed.put(name.apply(old), slice) != null) {
                throw new IllegalArgumentException(
                        unit + ": two tensors would be named " + name.apply(old) + ", and one of them is "
                                + old + "; each tensor of a checkpoint needs a name of its own");
            }
        });
        names.clear();
        names.putAll(renamed);
    }

    /** Notes that a tensor has low-rank updates, so that it cannot be renamed. */
    void updated(String name) {
        updated.add(name);
    }

    /** Allocates the unit and sets its initial values. */
    public ParameterUnit build(ModelContext context, ShardGroup group) {
        return build(context, group, context.forwardOnly() || context.lora().isPresent(), context.blank());
    }

    /**
     * Allocates the unit and sets its initial values.
     *
     * @param frozen whether training does not change it
     * @param blank whether it begins as zeros
     */
    ParameterUnit build(ModelContext context, ShardGroup group, boolean frozen, boolean blank) {
        ParameterUnit built = frozen
                ? ParameterUnit.frozen(unit, parameters, context.rank(), group,
                        context.lora().isPresent() ? context.precision().ofFrozen() : context.precision())
                : new ParameterUnit(unit, parameters, context.rank(), group, context.precision());
        try {
            // A plan only counts bytes; computing the values could take hours, and nothing would read them.
            if (blank) {
                built.clear();
            } else if (!context.rank().device().kind().equals(DeviceKind.PLANNING)) {
                built.load(this::read);
            }
            return built;
        } catch (RuntimeException | Error e) {
            built.close();
            throw e;
        }
    }

    private void read(Parameter parameter, long from, float[] into, int count) {
        Initializer source = values.get(parameter);
        if (source == null) {
            throw new IllegalStateException(parameter + " is not of unit " + unit);
        }
        source.values(parameter.firstIndex() + from, into, 0, count);
    }

    private Initializer gateUpValues(String name, double upStd, long hidden, long dim) {
        Initializer gate = initial.truncatedNormal(unit + "." + name, STD, CUT);
        Initializer up = initial.truncatedNormal(unit + "." + name, upStd, CUT);
        return InitialValues.alternating(hidden * dim, gate, up);
    }

    private Parameter matrix(String name, String checkpointName, Initializer source, long out, long in) {
        Parameter parameter = add(new Parameter(unit + "." + name, 0, out, in), source);
        name(checkpointName, parameter, 0, out, in);
        return parameter;
    }

    /** Declares a parameter. */
    Parameter add(Parameter parameter, Initializer source) {
        parameters.add(parameter);
        values.put(parameter, source);
        return parameter;
    }

    /** Names a part of a parameter. */
    void name(String checkpointName, Parameter parameter, long from, long... shape) {
        names.put(checkpointName,
                new ParameterSlice(parameter, from, java.util.stream.LongStream.of(shape).boxed().toList()));
    }

    /**
     * The experts of a rank.
     *
     * @param first number of its first expert
     * @param count e
     */
    public record Experts(int first, int count) {}
}
