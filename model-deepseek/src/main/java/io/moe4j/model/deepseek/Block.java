package io.moe4j.model.deepseek;

import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.List;

/**
 * One pre-norm block: h = x + attention(norm(x)); y = h + feedForward(norm(h)).
 *
 * @param units the parameters that every rank has and, if there are, those of the experts
 */
record Block(String name, List<ParameterUnit> units, float eps, Parameter attentionNorm_D, LatentAttention attention,
        Parameter feedForwardNorm_D, FeedForwardLayer feedForward) implements Segment {

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        Variable attended = attention.forward(tape, Functions.rmsNorm(tape, x_TD, attentionNorm_D, eps));
        Variable h = Functions.add(tape, x_TD, attended);
        return Functions.add(tape, h,
                feedForward.forward(tape, Functions.rmsNorm(tape, h, feedForwardNorm_D, eps)));
    }
}
