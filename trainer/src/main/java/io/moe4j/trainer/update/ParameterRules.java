package io.moe4j.trainer.update;

import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.trainer.config.OptimizerConfig;
import io.moe4j.trainer.config.OptimizerName;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Decides which update rule each parameter has. Parameters of one dimension are the weights of norms; matrices of the first and the last stage are the
 * embedding and the head's projection; all others are matrices of blocks and of modules for multi-token prediction; one parameter may hold several matrices.
 */
final class ParameterRules {
    private final OptimizerConfig config;
    private final Set<Parameter> atTheEnds = Collections.newSetFromMap(new IdentityHashMap<>());

    ParameterRules(Model model, OptimizerConfig config) {
        this.config = config;
        if (model.stages().isEmpty()) {
            byName(model.checkpointNames());
        }
        for (Stage stage : model.stages()) {
            switch (stage) {
                case Stage.First first -> first.units().forEach(unit -> atTheEnds.addAll(unit.parameters()));
                case Stage.Inner inner -> {
                }
                case Stage.Last last -> {
                    last.units().forEach(unit -> atTheEnds.addAll(unit.parameters()));
                    last.segments().forEach(segment -> segment.units()
                            .forEach(unit -> unit.parameters().forEach(atTheEnds::remove)));
                }
            }
        }
    }

    /** In a model without stages, the embedding and the head are found only by their published names. */
    private void byName(Map<String, Model.ParameterSlice> names) {
        names.forEach((name, slice) -> {
            if (name.contains("embed") || name.contains("lm_head")) {
                atTheEnds.add(slice.parameter());
            }
        });
    }

    UpdateRule of(Parameter parameter) {
        boolean norm = parameter.shape().length < 2;
        boolean embedding = !norm && atTheEnds.contains(parameter);
        if (config.name() == OptimizerName.MUON && !norm && !embedding) {
            return new UpdateRule.Muon();
        }
        return new UpdateRule.AdamW(norm ? config.decayNorms() : !embedding || config.decayEmbeddings());
    }
}
