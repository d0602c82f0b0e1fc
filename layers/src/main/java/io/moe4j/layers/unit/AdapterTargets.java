package io.moe4j.layers.unit;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What the names of targets mean. As in PEFT, the last part of a name in a checkpoint means all matrices that end like it: {@code "gate_proj"} means those of
 * dense layers, shared experts and routed experts. {@code "mlp"}, {@code "shared_experts"} and {@code "experts"} mean all three matrices of one of these,
 * {@code "experts.gate_proj"} one of them, and {@link #ALL} everything. The gate that routes is never among them.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class AdapterTargets {
    /** All matrices of the blocks, but those that route. */
    public static final String ALL = "all-linear";
    /** What PEFT's names begin with. */
    public static final String PREFIX = "base_model.model.";
    /** What those of a (r, I) end with. */
    public static final String A = ".lora_A.weight";
    /** What those of b (O, r) end with. */
    public static final String B = ".lora_B.weight";
    private static final String EXPERTS = "experts";

    private AdapterTargets() {}

    /**
     * A matrix of a block, or the equal ones of experts.
     *
     * @param group {@code "mlp"}, {@code "shared_experts"} or {@code "experts"}; empty for those of attention
     * @param name last part of its name, such as {@code "q_proj"}
     * @param out O
     * @param in I
     * @param count how many there are
     * @param active how many of them a token uses
     */
    public record Matrix(String group, String name, long out, long in, int count, int active) {

        /** One that all tokens use. */
        public Matrix(String name, long out, long in) {
            this("", name, out, in, 1, 1);
        }

        /** Whether one of the targets means it. */
        public boolean isIn(Set<String> targets) {
            return include(targets, group.isEmpty() ? name : group + (group.equals(EXPERTS) ? ".0." : ".") + name);
        }
    }

    /** All names that are understood for these matrices. */
    public static List<String> known(Collection<Matrix> matrices) {
        Set<String> known = new LinkedHashSet<>();
        matrices.forEach(matrix -> known.add(matrix.name));
        Set<String> grouped = new LinkedHashSet<>();
        matrices.stream().filter(matrix -> !matrix.group.isEmpty()).forEach(matrix -> {
            known.add(matrix.group);
            grouped.add(matrix.group + "." + matrix.name);
        });
        known.addAll(grouped);
        if (!known.isEmpty()) {
            known.add(ALL);
        }
        return new ArrayList<>(known);
    }

    /**
     * Whether one of the targets means a matrix.
     *
     * @param module its name without {@code ".weight"}, such as {@code "model.layers.3.mlp.experts.7.gate_proj"}
     */
    static boolean include(Set<String> targets, String module) {
        List<String> parts = List.of(module.split("\\."));
        String name = parts.getLast();
        if (!name.contains("_proj")) {
            return false;
        }
        boolean routed = parts.size() > 2 && parts.get(parts.size() - 3).equals(EXPERTS);
        String group = routed ? EXPERTS : parts.size() > 1 ? parts.get(parts.size() - 2) : "";
        return targets.contains(ALL) || targets.contains(name) || targets.contains(group)
                || targets.contains(group + "." + name);
    }
}
