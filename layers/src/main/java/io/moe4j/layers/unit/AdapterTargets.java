package io.moe4j.layers.unit;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The names of targets of low-rank updates. As in PEFT, the last part of a checkpoint name selects all matrices whose name ends with it: {@code "gate_proj"}
 * selects those of dense layers, shared experts and routed experts. {@code "mlp"}, {@code "shared_experts"} and {@code "experts"} select all three matrices
 * of such a network, {@code "experts.gate_proj"} one of the three, and {@link #ALL} all matrices. The router's gate is never selected.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class AdapterTargets {
    /** Selects all matrices of the blocks except the routers' gates. */
    public static final String ALL = "all-linear";
    /** Prefix of PEFT's names. */
    public static final String PREFIX = "base_model.model.";
    /** Suffix of PEFT's names of a (r, I). */
    public static final String A = ".lora_A.weight";
    /** Suffix of PEFT's names of b (O, r). */
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
     * @param active how many of them each token uses
     */
    public record Matrix(String group, String name, long out, long in, int count, int active) {

        /** A single matrix that all tokens use. */
        public Matrix(String name, long out, long in) {
            this("", name, out, in, 1, 1);
        }

        /** Whether one of the targets selects it. */
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
     * Whether one of the targets selects a matrix.
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
