package io.moe4j.layers.decoder;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Final norm, projection to the vocabulary, and loss. */
final class HeadStage implements Stage.Last {
    private final RankContext rank;
    private final List<ParameterUnit> own;
    private final Optional<ParameterUnit> shared;
    private final FinalNorm norm;
    private final VocabularyLoss loss;

    /**
     * A head.
     *
     * @param own units of the norm and, unless it is shared, of the projection
     * @param shared unit of the embedding, if its table is the projection too
     */
    HeadStage(RankContext rank, List<ParameterUnit> own, Optional<ParameterUnit> shared, FinalNorm norm,
            VocabularyLoss loss) {
        this.rank = rank;
        this.own = own;
        this.shared = shared;
        this.norm = norm;
        this.loss = loss;
    }

    @Override
    public String name() {
        return "head";
    }

    @Override
    public List<ParameterUnit> units() {
        List<ParameterUnit> units = new ArrayList<>(own);
        shared.ifPresent(units::add);
        return List.copyOf(units);
    }

    @Override
    public void logits(Tensor x_TD, Tensor logits_TV) {
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(units())) {
            loss.logits(norm.forward(x_TD).y_TD(), logits_TV);
        }
    }

    @Override
    public void lossAndGradient(Tensor x_TD, Tensor labels_T, float scale, Tensor lossSum, Tensor dx_TD) {
        // In the caller's scope: the embedding's backward adds to these gradients, and reduces them.
        shared.ifPresent(ParameterUnit::openGradients);
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(units())) {
            own.forEach(ParameterUnit::openGradients);
            Tensor dy_TD = rank.memory().allocate("activations", x_TD.dtype(), x_TD.dim(0), x_TD.dim(1));
            FinalNorm.Normed normed = norm.forward(x_TD);
            loss.withGradient(normed.y_TD(), labels_T, scale, lossSum, dy_TD);
            norm.backward(x_TD, normed.rstd_T(), dy_TD, dx_TD);
            own.forEach(ParameterUnit::reduceGradients);
        }
    }

    @Override
    public void losses(Tensor x_TD, Tensor labels_T, Tensor losses_T) {
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(units())) {
            loss.forward(norm.forward(x_TD).y_TD(), labels_T, losses_T);
        }
    }
}
