package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.TrainingSession;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run is.
 *
 * @param model name of the model
 * @param figures its parameters and operations
 * @param device name and size of this JVM's device
 * @param worldSize number of ranks
 * @param localRanks number of ranks in this JVM
 * @param plugins ids of the plug-ins in use, by what they are for
 * @param memory what each rank takes, by purpose
 */
@Stability(Stability.Level.EVOLVING)
public record RunDescription(String model, ModelSpec.ModelFigures figures, String device, int worldSize,
        int localRanks, Map<String, String> plugins, MemoryPlan memory) {

    public RunDescription {
        plugins = new LinkedHashMap<>(plugins);
    }

    static RunDescription of(TrainerConfig config, ModelSpec spec, TrainingSession session) {
        return new RunDescription(spec.name(), spec.figures(config.training().seqLen()),
                session.device().description(), session.launch().worldSize(), session.launch().localRanks().size(),
                session.providers().ids(), session.memoryPlan());
    }
}
