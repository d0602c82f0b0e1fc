package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.layers.unit.RmsNorm;
import java.util.List;

/**
 * One pre-norm block: h = x + attention(norm(x)); y = h + feedForward(norm(h)).
 *
 * @param units the parameters that every rank has and, if the block has experts, the parameters of the experts
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Block(String name, List<ParameterUnit> units, RmsNorm attentionNorm, Layer attention,
        RmsNorm feedForwardNorm, Layer feedForward) implements Stage.Inner {

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        return feedForward(tape, x_TD, attention.forward(tape, attentionNorm.forward(tape, x_TD)));
    }

    /**
     * The same for the last tokens of a sequence, with a cache of the rows that attention reads.
     *
     * @throws UnsupportedOperationException if its attention has no cache
     * @since 0.3.0
     */
    public Variable forward(Tape tape, Variable x_TD, CacheRows cache) {
        if (!(attention instanceof CachedLayer cached)) {
            throw new UnsupportedOperationException(name + " cannot generate: its attention, "
                    + attention.getClass().getName() + ", has no cache; let it implement CachedLayer");
        }
        return feedForward(tape, x_TD, cached.forward(tape, attentionNorm.forward(tape, x_TD), cache));
    }

    private Variable feedForward(Tape tape, Variable x_TD, Variable attended) {
        Variable h_TD = Functions.add(tape, x_TD, attended);
        return Functions.add(tape, h_TD, feedForward.forward(tape, feedForwardNorm.forward(tape, h_TD)));
    }
}
