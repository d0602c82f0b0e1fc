package io.moe4j.autograd.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The stages of a model, forward only: for validation and evaluation. It is not part of a training step, and changes nothing that a step leaves: gradients,
 * counts of tokens per expert, biases. No stage's memory outlives it, whatever the recompute policy of training is, except for the one tensor that
 * passes from stage to stage.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ForwardPass {
    private final RankContext rank;
    private final Stage.First first;
    private final List<Stage.Inner> inner;
    private final Stage.Last last;

    /**
     * A pass that can be enqueued any number of times.
     *
     * @throws InputException if the model has no stages: it can only run as a whole, with gradients
     */
    public ForwardPass(RankContext rank, Model model) {
        List<Stage> stages = model.stages();
        if (stages.isEmpty()) {
            throw new InputException(
                    model.getClass().getName() + " has no stages (Model.stages, since version 1.3 of the"
                            + " models' SPI), which validation and evaluation need; use a newer plug-in, or train with"
                            + " validation.interval = 0");
        }
        StageOrder order = StageOrder.of(stages);
        this.rank = rank;
        this.first = order.first();
        this.inner = order.inner();
        this.last = order.last();
    }

    /**
     * Enqueues all stages. Called in the scope of a step ({@link io.moe4j.api.memory.MemoryStack#openStep}), with no other scope open.
     *
     * @param ids_T I32
     * @param labels_T I32
     * @param losses_T F32, overwritten: the loss of each token, unscaled
     */
    public void losses(Tensor ids_T, Tensor labels_T, Tensor losses_T) {
        Tensor x_TD = first.forward(Tape.inference(rank), ids_T).tensor();
        inner.forEach(stage -> replace(x_TD, stage));
        last.losses(x_TD, labels_T, losses_T);
    }

    /** Replaces x by the stage's output. The scope is that of a microbatch, so that routing decisions, which training keeps, go back as well. */
    private void replace(Tensor x_TD, Stage.Inner stage) {
        Deque<ParameterUnit.Gathered> gathered = new ArrayDeque<>();
        try (Scope scope = rank.memory().openMicrobatch()) {
            stage.units().forEach(unit -> gathered.push(unit.gather()));
            Tape tape = Tape.inference(rank);
            Variable y_TD = stage.forward(tape, tape.input(x_TD, false));
            rank.stream().copy(y_TD.tensor(), x_TD);
            gathered.forEach(ParameterUnit.Gathered::close);
        }
    }
}
