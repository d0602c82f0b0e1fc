package io.moe4j.trainer.session;

import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The units that a step gathers more than once, so that keeping the gathered values saves time: those of inner stages, which forward and backward gather;
 * those of several stages, such as a tied embedding; and all units if a step has several microbatches.
 */
final class GatheredOften {

    private GatheredOften() {}

    static List<ParameterUnit> of(List<Stage> stages, int microbatches) {
        Map<ParameterUnit, Integer> times = new LinkedHashMap<>();
        stages.forEach(stage -> stage.units().stream().filter(ParameterUnit::canKeepGathered)
                .forEach(unit -> times.merge(unit, microbatches * (stage instanceof Stage.Inner ? 2 : 1),
                        Integer::sum)));
        return times.entrySet().stream().filter(unit -> unit.getValue() > 1).map(Map.Entry::getKey).toList();
    }
}
