package io.moe4j.trainer.huggingface;

import io.moe4j.api.Shown;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Translates names of updated matrices: from the names of PEFT's tensors to targets, and to PEFT's {@code target_modules}. */
final class AdapterModules {
    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";
    private static final String EXPERTS = "experts";
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.[0-9]+\\..+");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");

    private AdapterModules() {}

    /**
     * The narrowest targets that include all these tensors.
     *
     * @throws io.moe4j.api.InputException if a tensor does not belong to a low-rank update
     */
    static Set<String> targets(Path folder, Collection<String> tensors) {
        ProblemList problems = new ProblemList();
        Set<String> targets = new TreeSet<>();
        for (String tensor : tensors) {
            @Nullable String module = module(tensor);
            if (module == null) {
                problems.add("tensors are none of a low-rank update of a block's matrix", tensor);
            } else {
                targets.add(target(module));
            }
        }
        if (tensors.isEmpty()) {
            problems.add("there are no tensors", AdapterFolder.WEIGHTS);
        }
        problems.refuse(Shown.of(folder) + " cannot be used:");
        return targets;
    }

    /** The name of the matrix, such as {@code "model.layers.3.mlp.experts.7.gate_proj"}; null if the tensor is of something else. */
    static @Nullable String module(String tensor) {
        String ending = tensor.endsWith(A) ? A : B;
        if (!tensor.startsWith(PREFIX) || !tensor.endsWith(ending)) {
            return null;
        }
        String module = tensor.substring(PREFIX.length(), tensor.length() - ending.length());
        return LAYER.matcher(module).matches() ? module : null;
    }

    /** {@code "q_proj"}, {@code "mlp.gate_proj"}, {@code "shared_experts.gate_proj"} or {@code "experts.gate_proj"}. */
    private static String target(String module) {
        List<String> parts = List.of(module.split("\\."));
        String name = parts.getLast();
        String group = parts.get(parts.size() - 2);
        return NUMBER.matcher(group).matches() ? EXPERTS + "." + name
                : group.equals("self_attn") ? name : group + "." + name;
    }

    /**
     * The value of {@code target_modules}: a list of last parts of names, if these select exactly the updated matrices; otherwise a regular expression.
     *
     * @param updated names of the updated matrices
     * @param all names of all matrices of the model
     */
    static Object targetModules(Collection<String> updated, Collection<String> all) {
        Set<String> names = new LinkedHashSet<>();
        updated.forEach(module -> names.add(last(module)));
        Set<String> chosen = Set.copyOf(updated);
        boolean plain = all.stream().filter(module -> names.contains(last(module))).allMatch(chosen::contains);
        if (plain) {
            return new ArrayList<>(new TreeSet<>(names));
        }
        Map<String, Set<String>> groups = new LinkedHashMap<>();
        updated.stream().map(AdapterModules::target).forEach(target -> {
            int dot = target.indexOf('.');
            groups.computeIfAbsent(dot < 0 ? "self_attn" : target.substring(0, dot), ignored -> new TreeSet<>())
                    .add(target.substring(dot + 1));
        });
        List<String> patterns = new ArrayList<>();
        groups.forEach((group, each) -> patterns.add((group.equals(EXPERTS) ? "mlp\\.experts\\.[0-9]+"
                : group.equals("shared_experts") ? "mlp\\.shared_experts" : group) + "\\.(?:" + String.join("|", each)
                + ")"));
        return "model\\.layers\\.[0-9]+\\.(?:" + String.join("|", patterns) + ")";
    }

    private static String last(String module) {
        return module.substring(module.lastIndexOf('.') + 1);
    }
}
