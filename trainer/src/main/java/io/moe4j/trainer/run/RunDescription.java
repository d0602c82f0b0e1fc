package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.RecomputePlan;
import io.moe4j.trainer.session.TrainingSession;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A description of a run: model, ranks, devices, plug-ins and memory.
 *
 * @param model name of the model; for that of a folder, with the folder's name: {@code qwen3_moe of base}
 * @param figures its parameters and operations
 * @param devices names and sizes of this JVM's devices
 * @param worldSize number of ranks
 * @param localRanks number of ranks in this JVM
 * @param plugins ids of the plug-ins in use, by what they are for
 * @param memory memory of each rank, by purpose
 * @param recompute what blocks keep from forward to backward, if a budget decides that
 * @param lora numbers of the low-rank updates, if they are trained instead of the model's parameters; since 0.3.0
 * @param predictionDepth modules for multi-token prediction; since 0.3.0
 * @param overlaps whether shards and rows cross links while ranks compute; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RunDescription(String model, ModelSpec.ModelFigures figures, List<String> devices, int worldSize,
        int localRanks, Map<String, String> plugins, MemoryPlan memory,
        Optional<RecomputePlan> recompute, Optional<ModelSpec.ModelFigures> lora, int predictionDepth,
        boolean overlaps) {

    public RunDescription {
        devices = List.copyOf(devices);
        plugins = new LinkedHashMap<>(plugins);
    }

    static RunDescription of(TrainerConfig config, ModelSpec spec, TrainingSession session) {
        String name = spec.name() + (config.model().from().isPresent() ? " of " + config.model().flavor() : "");
        return new RunDescription(name, ConfiguredModel.figures(config, spec),
                session.devices().values().stream().map(Device::description).toList(),
                session.launch().worldSize(), session.launch().localRanks().size(), session.providers().ids(),
                session.memoryPlan(), session.recomputePlan(),
                config.lora().spec().map(lora -> spec.figures(config.training().seqLen(), lora)),
                spec.predictionDepth(), session.overlapping().isOn());
    }
}
