package io.moe4j.autograd.model;

import java.util.List;

/** The stages of a whole model, by kind. */
record StageOrder(Stage.First first, List<Stage.Inner> inner, Stage.Last last) {

    /** @throws IllegalArgumentException if the stages are not one first, any number of inner ones, and one last */
    static StageOrder of(List<Stage> stages) {
        if (stages.size() < 2 || !(stages.getFirst() instanceof Stage.First begin)
                || !(stages.getLast() instanceof Stage.Last end)
                || !stages.subList(1, stages.size() - 1).stream().allMatch(Stage.Inner.class::isInstance)) {
            throw new IllegalArgumentException("stages " + stages.stream().map(Stage::name).toList()
                    + ": a model is one first stage, any number of inner ones, and one last");
        }
        return new StageOrder(begin,
                stages.subList(1, stages.size() - 1).stream().map(Stage.Inner.class::cast).toList(),
                end);
    }
}
