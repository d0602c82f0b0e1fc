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
        Variable attended = attention.forward(tape, attentionNorm.forward(tape, x_TD));
        Variable h_TD = Functions.add(tape, x_TD, attended);
        return Functions.add(tape, h_TD, feedForward.forward(tape, feedForwardNorm.forward(tape, h_TD)));
    }
}
