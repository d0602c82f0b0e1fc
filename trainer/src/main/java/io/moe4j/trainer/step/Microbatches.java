package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.MicrobatchPass;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.recompute.RecomputePolicy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The microbatches of one step of one rank, driven by a schedule. The schedule opens the memory of a microbatch, and calls
 * {@link #forward} and then {@link #backward} for each; it decides what happens between the two calls. Both must come in the order of the indices.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Microbatches {
    private final RankContext rank;
    private final Model model;
    private final RecomputePolicy recompute;
    private final StepBuffers buffers;
    private final float lossScale;
    private final @Nullable MicrobatchPass[] passes;
    private int forwards;
    private int backwards;

    /** @param lossScale 1 / (tokens of the step, all ranks together) */
    Microbatches(RankContext rank, Model model, RecomputePolicy recompute, StepBuffers buffers, float lossScale) {
        this.rank = rank;
        this.model = model;
        this.recompute = recompute;
        this.buffers = buffers;
        this.lossScale = lossScale;
        this.passes = new @Nullable MicrobatchPass[buffers.microbatches()];
    }

    /** The number of microbatches. */
    public int count() {
        return passes.length;
    }

    /** The source of the microbatches' memory. */
    public MemoryStack memory() {
        return rank.memory();
    }

    /** Enqueues forward of a microbatch, up to the last stage. Called in the scope, or lane, of the microbatch. */
    public void forward(int index) {
        require(index == forwards, index, "forward", forwards);
        forwards++;
        model.begin(buffers.microbatch(index));
        if (model.stages().isEmpty()) {
            return;
        }
        MicrobatchPass pass = new MicrobatchPass(rank, recompute, model.stages());
        pass.forward(buffers.ids_T(index));
        passes[index] = pass;
    }

    /** Enqueues the loss and backward of a microbatch. Called in the scope, or lane, that forward took its memory from. */
    public void backward(int index) {
        require(index == backwards && index < forwards, index, "backward", backwards);
        backwards++;
        model.begin(buffers.microbatch(index));
        if (model.stages().isEmpty()) {
            // A model of an SPI version before stages runs forward and backward in one call.
            model.forwardBackward(buffers.ids_T(index), buffers.labels_T(index), lossScale, buffers.loss());
            return;
        }
        Objects.requireNonNull(passes[index]).backward(buffers.labels_T(index), lossScale, buffers.loss());
        passes[index] = null;
    }

    /** Checks that the schedule has driven all microbatches. */
    void requireDone() {
        if (backwards != count()) {
            throw new IllegalStateException("the schedule has driven " + forwards + " forward and " + backwards
                    + " backward passes of " + count() + " microbatches; each needs both");
        }
    }

    private void require(boolean inOrder, int index, String pass, int next) {
        if (!inOrder || index >= count()) {
            throw new IllegalStateException("the schedule enqueued the " + pass + " of microbatch " + index + " of "
                    + count() + ", and that of " + next
                    + " comes next: both passes go through the microbatches in order, forward first");
        }
    }
}
