package io.moe4j.autograd.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.List;

/**
 * A part of a model that a schedule can run by itself. A model is one {@link First} stage, any number of {@link Inner} ones and one {@link Last}, in
 * this order. What passes between two stages is one tensor (T, D) of the compute type; in backward, its gradient passes the other way. For example a
 * decoder of 27 blocks has 29 stages, and one microbatch of it is:
 *
 * <pre>{@code
 * Variable x_TD = first.forward(tape, ids_T);
 * for (Stage.Inner stage : inner) {
 *     x_TD = recompute.run(tape, stage, x_TD);
 * }
 * last.lossAndGradient(x_TD.tensor(), labels_T, scale, loss, dx_TD);
 * tape.backward(x_TD, dx_TD);
 * }</pre>
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface Stage {

    /** Name, such as {@code "layers.3"}. */
    String name();

    /** The units whose parameters it uses. Two stages may share one: an embedding that is also the head's projection. */
    List<ParameterUnit> units();

    /** Computes x from token ids. */
    non-sealed interface First extends Stage {

        /** (T), I32 → (T, D). Gathers its units for as long as it needs them; its backward also reduces their gradients. */
        Variable forward(Tape tape, Tensor ids_T);
    }

    /** Computes the next x from x, under a {@link io.moe4j.autograd.recompute.RecomputePolicy}. */
    non-sealed interface Inner extends Stage, Segment {}

    /** Computes logits and the loss from x. Gathers its own units. */
    non-sealed interface Last extends Stage {

        /** Overwrites {@code logits_TV}, F32. */
        void logits(Tensor x_TD, Tensor logits_TV);

        /**
         * Forward and backward in one call, so that the logits need not outlive it. The gradients of units that no other stage uses are
         * reduced; those of a shared unit are left open, in the caller's scope, for the first stage's backward to add to and to reduce.
         *
         * @param scale factor of each token's loss
         * @param loss F32 (1): the scaled losses are added
         * @param dx_TD gradient with respect to x, overwritten
         */
        void lossAndGradient(Tensor x_TD, Tensor labels_T, float scale, Tensor loss, Tensor dx_TD);

        /**
         * The segments that {@link #lossAndGradient} runs under the recompute policy: modules for multi-token prediction. Their units are among
         * {@link #units}. Since SPI 1.4.
         *
         * @since 0.3.0
         */
        default List<Segment> segments() {
            return List.of();
        }

        /**
         * Forward only: each token's loss, for validation and evaluation. Touches no gradients. A head with a large vocabulary computes it in chunks
         * of tokens, as {@link #lossAndGradient} does, so that the logits of all tokens need not exist at once. Since SPI 1.4.
         *
         * @param losses_T F32, overwritten: the cross-entropy of each token, unscaled
         * @throws InputException if the model was written before this method existed
         */
        default void losses(Tensor x_TD, Tensor labels_T, Tensor losses_T) {
            throw new InputException("the model's stage \"" + name() + "\", " + getClass().getName()
                    + ", has no loss without gradient (Stage.Last.losses, since version 1.4 of the models' SPI), which"
                    + " validation and evaluation need; use a newer plug-in, or train with validation.interval = 0");
        }
    }
}
