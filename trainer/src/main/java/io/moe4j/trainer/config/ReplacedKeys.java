package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import io.moe4j.autograd.model.ModelSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Values of a configuration that are taken from a folder instead: the rank, alpha and targets of the updates in {@code lora.from}, and the model's name and
 * flavor from {@code model.from}. A given value that differs would be ignored; it is refused.
 *
 * @param given the configuration as it was written
 * @param used the one with the values of its folders
 * @param origins where the given value of each key comes from
 */
record ReplacedKeys(TrainerConfig given, TrainerConfig used, Map<String, String> origins) {
    private static final String RANK = "lora.rank";
    private static final String ALPHA = "lora.alpha";
    private static final String TARGETS = "lora.targets";
    private static final String ALL = "all-linear";
    /** Prefix of {@link Layers#origins} for keys of the command line. */
    private static final String TYPED = "--";

    /** Notes a problem for each key. */
    void check(Optional<ModelSpec> spec, Findings findings) {
        update(RANK, config -> config.lora().rank(), findings);
        update(ALPHA, config -> config.lora().alpha(), findings);
        spec.ifPresent(model -> targets(model.adapterTargets(), findings));
        // A named configuration or a file has a model of its own, which the folder replaces on purpose; only a typed value is refused.
        typed("model.name", given.model().name(), used.model().name(), findings);
        typed("model.flavor", given.model().flavor(), used.model().flavor(), findings);
    }

    /** The origins of the used values. */
    Map<String, String> usedOrigins() {
        Map<String, String> all = new LinkedHashMap<>(origins);
        Schema schema = Schema.read();
        Map<String, Object> before = schema.values(given);
        schema.values(used).forEach((key, value) -> {
            if (!value.equals(before.get(key))) {
                all.put(key, key.startsWith("lora.") ? "the folder of lora.from" : "the folder of model.from");
            }
        });
        return all;
    }

    private <T> void update(String key, Function<TrainerConfig, T> value, Findings findings) {
        T wanted = value.apply(given);
        T found = value.apply(used);
        if (isGiven(key) && !wanted.equals(found)) {
            note(key, wanted, String.valueOf(found), findings);
        }
    }

    /**
     * Targets are compared by the matrices that they select: {@code gate_proj} equals {@code mlp.gate_proj} and {@code experts.gate_proj} together, if the
     * model has both.
     */
    private void targets(List<String> known, Findings findings) {
        Set<String> wanted = narrowest(given.lora().targetNames(), known);
        Set<String> found = narrowest(used.lora().targetNames(), known);
        if (isGiven(TARGETS) && !wanted.equals(found)) {
            note(TARGETS, given.lora().targets(), used.lora().targets(), findings);
        }
    }

    private static Set<String> narrowest(Set<String> targets, List<String> known) {
        return targets.stream().flatMap(target -> {
            List<String> parts = known.stream().filter(name -> isNarrow(name, known))
                    .filter(name -> target.equals(ALL) || name.equals(target) || name.startsWith(target + ".")
                            || name.endsWith("." + target))
                    .toList();
            return parts.isEmpty() ? List.of(target).stream() : parts.stream();
        }).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Whether no other known name selects only a part of the matrices that this name selects. */
    private static boolean isNarrow(String name, List<String> known) {
        return !name.equals(ALL) && known.stream()
                .noneMatch(other -> other.startsWith(name + ".") || other.endsWith("." + name));
    }

    private void typed(String key, String wanted, String found, Findings findings) {
        findings.refuse(origins.getOrDefault(key, "").startsWith(TYPED) && !wanted.equals(found), key,
                new Problem(key + " = " + Shown.of(wanted),
                        "the model is that of the folder model.from" + (key.equals("model.name") ? ", " + found : ""),
                        "leave " + key + " out, or model.from"));
    }

    private boolean isGiven(String key) {
        return !origins.getOrDefault(key, NamedConfigs.PLAIN).equals(NamedConfigs.PLAIN);
    }

    private static void note(String key, Object wanted, String found, Findings findings) {
        findings.refuse(true, key, new Problem(key + " = " + Shown.of(wanted),
                "the updates in lora.from, with which training goes on, have " + Shown.of(found),
                "leave " + key + " out, or leave lora.from out to begin new updates"));
    }
}
