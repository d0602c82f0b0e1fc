package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.UnitOverlap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One microbatch on its way through the stages of a model: forward, then backward, each once. Backward uses the values that forward has computed, so
 * both must be enqueued while forward's memory is valid: in one scope, or in one {@link io.moe4j.api.memory.MemoryLane}.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MicrobatchPass {
    private final Tape tape;
    private final RecomputePolicy recompute;
    private final Stage.First first;
    private final List<Stage.Inner> inner;
    private final Stage.Last last;
    private final Optional<UnitOverlap> overlap;
    private @Nullable Variable x_TD;

    /**
     * Begins a pass.
     *
     * @param recompute how the inner stages run
     * @param stages of a whole model: first, inner ones, last
     * @throws IllegalArgumentException if the stages are not in this order
     */
    public MicrobatchPass(RankContext rank, RecomputePolicy recompute, List<Stage> stages) {
        StageOrder order = StageOrder.of(stages);
        this.tape = Tape.recording(rank, new KeptValues());
        this.recompute = recompute;
        this.first = order.first();
        this.inner = order.inner();
        this.last = order.last();
        this.overlap = stages.stream().flatMap(stage -> stage.units().stream())
                .flatMap(unit -> unit.overlap().stream()).findFirst();
    }

    /**
     * Enqueues forward of all stages except the last.
     *
     * @param ids_T I32
     */
    public void forward(Tensor ids_T) {
        if (x_TD != null) {
            throw new IllegalStateException("forward was enqueued twice; begin another pass for another microbatch");
        }
        List<List<ParameterUnit>> order = new ArrayList<>(inner.stream().map(Stage::units).toList());
        order.add(last.units());
        overlap.ifPresent(beside -> beside.expect(order));
        Variable x = first.forward(tape, ids_T);
        for (Stage.Inner stage : inner) {
            x = recompute.run(tape, stage, x);
        }
        x_TD = x;
    }

    /**
     * Enqueues the last stage, with its loss, and backward through all stages.
     *
     * @param labels_T I32
     * @param scale factor of each token's loss
     * @param loss F32 (1): the scaled losses are added
     */
    public void backward(Tensor labels_T, float scale, Tensor loss) {
        Variable x = x_TD;
        if (x == null) {
            throw new IllegalStateException("backward was enqueued before forward");
        }
        List<List<ParameterUnit>> order = new ArrayList<>(List.of(last.units()));
        inner.reversed().forEach(stage -> order.add(stage.units()));
        overlap.ifPresent(beside -> beside.expect(order));
        Tensor dx_TD = tape.temporary("gradients of activations", x.tensor().dtype(), Tape.extents(x.tensor()));
        try (Spans.Span span = tape.rank().spans().open("head and loss", "")) {
            last.lossAndGradient(x.tensor(), labels_T, scale, loss, dx_TD);
        }
        tape.backward(x, dx_TD);
        overlap.ifPresent(UnitOverlap::finish);
    }
}
