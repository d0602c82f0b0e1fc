package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.LoraSpec;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Low-rank updates, which are trained instead of the model's own parameters.
 *
 * @param rank the rank r of the updates; 0 for no updates, so that all parameters are trained
 * @param alpha updates are multiplied by alpha / rank
 * @param targets which matrices are updated: names, separated by commas
 * @param from a folder in PEFT's layout whose updates training continues, with their rank, alpha and targets
 * @param export a new folder for the updates in PEFT's layout, written after the last step
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record LoraConfig(int rank, double alpha, String targets, Optional<Path> from, Optional<Path> export) {

    /** Whether there are updates. */
    public boolean isOn() {
        return rank > 0;
    }

    /** The names of the targets. */
    public Set<String> targetNames() {
        Set<String> names = new LinkedHashSet<>();
        List.of(targets.split(",")).stream().map(String::strip).filter(name -> !name.isEmpty()).forEach(names::add);
        return names;
    }

    /**
     * The updates with which a model is opened; empty if there are none.
     *
     * @throws IllegalArgumentException if {@link LoraSpec} refuses a value
     */
    public Optional<LoraSpec> spec() {
        return isOn() ? Optional.of(new LoraSpec(rank, alpha, targetNames())) : Optional.empty();
    }

    /** With another value of {@code rank}. */
    public LoraConfig withRank(int value) {
        return Components.with(this, "rank", value);
    }

    /** With another value of {@code alpha}. */
    public LoraConfig withAlpha(double value) {
        return Components.with(this, "alpha", value);
    }

    /** With another value of {@code targets}. */
    public LoraConfig withTargets(String value) {
        return Components.with(this, "targets", value);
    }

    /** With another value of {@code from}. */
    public LoraConfig withFrom(Optional<Path> value) {
        return Components.with(this, "from", value);
    }

    /** With another value of {@code export}. */
    public LoraConfig withExport(Optional<Path> value) {
        return Components.with(this, "export", value);
    }
}
