package io.moe4j.layers.decoder;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.TokensAhead;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A head with modules for multi-token prediction. Its own loss, and logits, are those of the head alone. In training, the modules run after the last block:
 * first forward of all modules; then the losses of all modules and of the model, with the projection gathered once, after which its gradient is complete;
 * then backward of all modules.
 */
final class PredictingHead implements Stage.Last {
    private final RankContext rank;
    private final ModelContext context;
    private final HeadStage alone;
    private final ParameterUnit normUnit;
    private final Optional<ParameterUnit> projectionUnit;
    private final Optional<ParameterUnit> shared;
    private final FinalNorm norm;
    private final VocabularyLoss loss;
    private final EmbeddingStage embedding;
    private final List<PredictionModule> modules;
    private final PredictionLosses sums;
    private Microbatch microbatch = Microbatch.ONLY;

    /** A module between its forward and its backward: its input, its output, and the tape between the two. */
    private record Run(Tape tape, Variable input_TD, Variable output_TD) {}

    /**
     * A head.
     *
     * @param normUnit has the final norm alone, so that the projection's gradient need not wait for that of the norm
     * @param projectionUnit has the projection, unless that is shared
     * @param shared has the projection if that is the embedding's table
     */
    PredictingHead(ModelContext context, ParameterUnit normUnit, Optional<ParameterUnit> projectionUnit,
            Optional<ParameterUnit> shared, FinalNorm norm, VocabularyLoss loss, EmbeddingStage embedding,
            List<PredictionModule> modules, PredictionLosses sums) {
        this.rank = context.rank();
        this.context = context;
        this.normUnit = normUnit;
        this.projectionUnit = projectionUnit;
        this.shared = shared;
        this.norm = norm;
        this.loss = loss;
        this.embedding = embedding;
        this.modules = List.copyOf(modules);
        this.sums = sums;
        List<ParameterUnit> own = new ArrayList<>(List.of(normUnit));
        projectionUnit.ifPresent(own::add);
        alone = new HeadStage(rank, List.copyOf(own), shared, norm, loss);
    }

    /** Sets the microbatch whose losses follow. */
    void begin(Microbatch next) {
        microbatch = next;
    }

    PredictionLosses sums() {
        return sums;
    }

    @Override
    public String name() {
        return alone.name();
    }

    @Override
    public List<ParameterUnit> units() {
        List<ParameterUnit> units = new ArrayList<>(alone.units());
        modules.forEach(module -> units.addAll(module.units()));
        return List.copyOf(units);
    }

    @Override
    public List<Segment> segments() {
        return List.copyOf(modules);
    }

    @Override
    public void logits(Tensor x_TD, Tensor logits_TV) {
        alone.logits(x_TD, logits_TV);
    }

    @Override
    public void losses(Tensor x_TD, Tensor labels_T, Tensor losses_T) {
        alone.losses(x_TD, labels_T, losses_T);
    }

    @Override
    public void lossAndGradient(Tensor x_TD, Tensor labels_T, float scale, Tensor lossSum, Tensor dx_TD) {
        List<TokensAhead> ahead = ahead();
        // In the caller's scope, because the embedding's backward adds to these gradients, or reads them.
        shared.ifPresent(ParameterUnit::openGradients);
        List<Tensor> rows = lookUp(ahead, x_TD);
        for (int k = 0; k < rows.size(); k++) {
            embedding.others().add(ahead.get(k).ids_T(), rows.get(k));
        }
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(List.of(normUnit))) {
            normUnit.openGradients();
            FinalNorm.Normed normed = norm.forward(x_TD);
            List<Run> runs = forward(normed.y_TD());
            List<Tensor> gradients = project(normed.y_TD(), labels_T, scale, lossSum, runs, ahead);
            Tensor dy_TD = backward(runs, gradients);
            norm.backward(x_TD, normed.rstd_T(), dy_TD, dx_TD);
            normUnit.reduceGradients();
        }
    }

    /**
     * Runs the modules forward once more, and gives the name of the first whose output has a value that is not finite. All ranks have to take part.
     *
     * @param x_TD the output of the last block
     */
    Optional<String> locateNonFinite(Tensor x_TD) {
        Optional<String> first = Optional.empty();
        try (Scope scope = rank.memory().open()) {
            lookUp(ahead(), x_TD);
            Tensor y_TD = like(x_TD);
            try (Scope inner = rank.memory().open(); Gathering gathered = Gathering.of(List.of(normUnit))) {
                rank.stream().copy(norm.forward(x_TD).y_TD(), y_TD);
            }
            for (PredictionModule module : modules) {
                try (Scope inner = rank.memory().open(); Gathering gathered = Gathering.of(module.units())) {
                    Tape tape = Tape.inference(rank);
                    rank.stream().copy(module.forward(tape, tape.input(y_TD, false)).tensor(), y_TD);
                }
                if (first.isEmpty() && !FiniteCheck.isFinite(rank, y_TD)) {
                    first = Optional.of(module.name());
                }
            }
        }
        return first;
    }

    private List<TokensAhead> ahead() {
        if (microbatch.ahead().size() != modules.size()) {
            throw new IllegalStateException("a microbatch with tokens ahead for " + microbatch.ahead().size()
                    + " modules, and the model has " + modules.size()
                    + " modules for multi-token prediction; begin it with Microbatch.withTokensAhead for each of them");
        }
        return microbatch.ahead();
    }

    /** Looks up the embeddings of all tokens ahead, with the table gathered once, and gives them to the modules. */
    private List<Tensor> lookUp(List<TokensAhead> ahead, Tensor like_TD) {
        List<Tensor> rows = ahead.stream().map(tokens -> like(like_TD)).toList();
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(embedding.units())) {
            for (int k = 0; k < modules.size(); k++) {
                rank.device().ops().embedding().forward(rank.stream(), ahead.get(k).ids_T(),
                        embedding.table_VD().value(), rows.get(k));
                modules.get(k).embed(rows.get(k));
            }
        }
        return rows;
    }

    private List<Run> forward(Tensor y_TD) {
        List<Run> runs = new ArrayList<>();
        Tensor from_TD = y_TD;
        for (PredictionModule module : modules) {
            Tape tape = Tape.recording(rank, new KeptValues());
            Variable input = tape.input(from_TD, true);
            Variable output = context.recompute().run(tape, module, input);
            runs.add(new Run(tape, input, output));
            from_TD = output.tensor();
        }
        return runs;
    }

    /** Computes all losses. Returns their gradients with respect to the model's own rows, and to the rows of each module. */
    private List<Tensor> project(Tensor y_TD, Tensor labels_T, float scale, Tensor lossSum, List<Run> runs,
            List<TokensAhead> ahead) {
        List<Tensor> gradients = Stream.generate(() -> like(y_TD)).limit(1L + runs.size()).toList();
        if (microbatch.isFirst()) {
            sums.clear();
        }
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(projection())) {
            projectionUnit.ifPresent(ParameterUnit::openGradients);
            loss.withGradient(y_TD, labels_T, scale, lossSum, gradients.getFirst());
            for (int k = 0; k < runs.size(); k++) {
                loss.withGradient(runs.get(k).output_TD().tensor(), ahead.get(k).labels_T(),
                        scale * context.predictionWeight(), sums.of(k), gradients.get(k + 1));
            }
            projectionUnit.ifPresent(ParameterUnit::reduceGradients);
        }
        return gradients;
    }

    /**
     * Runs backward of the modules, the last one first; each adds to the gradient with respect to its input. Returns the gradient with respect to the model's
     * own rows.
     */
    private Tensor backward(List<Run> runs, List<Tensor> gradients) {
        for (int k = runs.size() - 1; k >= 0; k--) {
            Run run = runs.get(k);
            Tensor before_TD = gradients.get(k);
            run.tape().backward(run.output_TD(), gradients.get(k + 1));
            rank.device().ops().elementwise().add(rank.stream(), before_TD, run.input_TD().gradient(), before_TD);
        }
        return gradients.getFirst();
    }

    private List<ParameterUnit> projection() {
        return List.of(projectionUnit.or(() -> shared).orElseThrow());
    }

    private Tensor like(Tensor tensor) {
        return rank.memory().allocate("activations", tensor.dtype(), tensor.dim(0), tensor.dim(1));
    }
}
