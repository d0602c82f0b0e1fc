package io.moe4j.tests.integration;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayList;
import java.util.List;

/** A model whose loss in evaluations is NaN for the second token of each microbatch. Its loss in training is unchanged. */
record SpoiledLosses(Stage.Last head, ModelContext context) implements Stage.Last {

    static ModelSpec of(ModelSpec spec) {
        return Misreporting.intercepted(ModelSpec.class, spec, (method, arguments, result) -> switch (result) {
            case ModelSpec other -> of(other);
            case Model model -> Misreporting.intercepted(Model.class, model,
                    (called, with, stages) -> called.equals("stages") ? spoiled((List<?>) stages,
                            (ModelContext) arguments[0]) : stages);
            default -> result;
        });
    }

    /** A model as it was before models had stages: it can be trained, but not evaluated. */
    static ModelSpec withoutStages(ModelSpec spec) {
        return Misreporting.intercepted(ModelSpec.class, spec, (method, arguments, result) -> switch (result) {
            case ModelSpec other -> withoutStages(other);
            case Model model -> Misreporting.intercepted(Model.class, model,
                    (called, with, stages) -> called.equals("stages") ? List.of() : stages);
            default -> result;
        });
    }

    private static List<Stage> spoiled(List<?> stages, ModelContext context) {
        List<Stage> all = new ArrayList<>();
        stages.forEach(stage -> all.add(stage instanceof Stage.Last last ? new SpoiledLosses(last, context)
                : (Stage) stage));
        return all;
    }

    @Override
    public String name() {
        return head.name();
    }

    @Override
    public List<ParameterUnit> units() {
        return head.units();
    }

    @Override
    public void logits(Tensor x_TD, Tensor logits_TV) {
        head.logits(x_TD, logits_TV);
    }

    @Override
    public void lossAndGradient(Tensor x_TD, Tensor labels_T, float scale, Tensor loss, Tensor dx_TD) {
        head.lossAndGradient(x_TD, labels_T, scale, loss, dx_TD);
    }

    @Override
    public void losses(Tensor x_TD, Tensor labels_T, Tensor losses_T) {
        head.losses(x_TD, labels_T, losses_T);
        context.rank().stream().fill(losses_T.slice(0, 1, 2), Double.NaN);
    }
}
